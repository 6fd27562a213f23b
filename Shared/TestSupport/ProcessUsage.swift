internal import Foundation

/// What another process has used so far.
public enum ProcessUsage {
    /// User and system time.
    public static func seconds(_ process: Int32) -> Double {
        let stat = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        // Behind the name in parentheses: state is the third field, utime and stime are 14 and 15.
        let fields = stat.split(separator: ")").last.map { $0.split(separator: " ") } ?? []
        guard fields.count > 13, let user = Double(fields[11]), let system = Double(fields[12])
        else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// The time that its threads were ready to go on and no core was free; 0 where the kernel does not
    /// tell.
    public static func waitingSeconds(_ process: Int32) -> Double {
        let folder = "/proc/\(process)/task"
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return threads.reduce(0) { sum, thread in
            // Nanoseconds on a core, nanoseconds of waiting for one, how often.
            let text =
                (try? String(contentsOfFile: "\(folder)/\(thread)/schedstat", encoding: .utf8))
                ?? ""
            let fields = text.split(separator: " ")
            return sum + (fields.count > 1 ? Double(fields[1]) ?? 0 : 0) / 1e9
        }
    }

    /// Bytes handed to the disk; 0 where the kernel does not tell.
    public static func writtenBytes(_ process: Int32) -> Int {
        let io = (try? String(contentsOfFile: "/proc/\(process)/io", encoding: .utf8)) ?? ""
        let line = io.split(separator: "\n").first { $0.hasPrefix("write_bytes:") }
        return line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    public static func residentMegabytes(_ process: Int32) -> Int {
        residentKilobytes(process) >> 10
    }

    public static func residentKilobytes(_ process: Int32) -> Int {
        let pages = (try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return ((pages ?? 0) * sysconf(Int32(_SC_PAGESIZE))) >> 10
    }
}
