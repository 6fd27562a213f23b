internal import Glibc

/// A limit that the system sets to what this process uses of memory, and how much of it is used.
struct MemoryLimit: Sendable {
    let bytes: Int
    let used: @Sendable () -> Int

    /// The least of the control group's, of the process's own (`ulimit -d`, `ulimit -v`), and of what
    /// the machine has.
    static var tightest: MemoryLimit {
        let resident = MemoryLimit(bytes: min(machine, controlGroup)) { pages(1) }
        // What is writable and not shared, and the whole address space (proc(5), statm).
        let own = [
            limit(.init(RLIMIT_DATA.rawValue)).map { MemoryLimit(bytes: $0) { pages(5) } },
            limit(.init(RLIMIT_AS.rawValue)).map { MemoryLimit(bytes: $0) { pages(0) } },
        ]
        let least = own.compactMap(\.self).min { $0.bytes < $1.bytes }
        return least.map { $0.bytes < resident.bytes ? $0 : resident } ?? resident
    }

    private static var machine: Int {
        sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The least limit of the groups that the process is in, from its own up to the root that it sees.
    private static var controlGroup: Int {
        let groups = text(of: "/proc/self/cgroup").split(separator: "\n").flatMap { line in
            limitFiles(ofGroup: line.split(separator: ":", omittingEmptySubsequences: false))
        }
        // In a container the path may be one of the host's: then only the root can be read.
        return groups.compactMap { Int(text(of: $0)) }.filter { $0 > 0 }.min() ?? .max
    }

    /// - Parameter fields: of a line of cgroups(7): number, controllers, path.
    static func limitFiles(ofGroup fields: [Substring]) -> [String] {
        guard fields.count == 3 else { return [] }
        let (root, file): (String, String)
        if fields[1].isEmpty {
            (root, file) = ("/sys/fs/cgroup", "memory.max")
        } else if fields[1].split(separator: ",").contains("memory") {
            (root, file) = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
        } else {
            return []
        }
        var path = root
        return ["\(root)/\(file)"]
            + fields[2].split(separator: "/").map { name in
                path += "/\(name)"
                return "\(path)/\(file)"
            }
    }

    private static func limit(_ resource: __rlimit_resource_t) -> Int? {
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur <= UInt(Int.max) else { return nil }
        return Int(limit.rlim_cur)
    }

    /// Open for good: it is read often, also when the process is out of descriptors.
    private static let statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)

    /// A field of /proc/self/statm, in bytes.
    private static func pages(_ field: Int) -> Int {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = max(0, pread(statm, &bytes, bytes.count, 0))
        let fields = bytes[..<count].split { $0 == 0x20 || $0 == 0x0A }
        guard fields.count > field, let pages = Int(String(decoding: fields[field], as: UTF8.self))
        else { return 0 }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    /// The beginning of a file, without the end of its last line; empty if there is none.
    private static func text(of path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4 << 10)
        let count = fread(&bytes, 1, bytes.count, file)
        let end = bytes[..<count].last == 0x0A ? count - 1 : count
        return String(decoding: bytes[..<end], as: UTF8.self)
    }
}
