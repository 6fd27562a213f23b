import Foundation
import RPC
import RPCTransport
import TestSupport

/// rpc-bench-server as a process of its own.
final class BenchProcess: Sendable {
    private let child: ChildProcess
    let port: Int

    /// Starts the program and waits until it serves. With port 0 the system chooses one.
    ///
    /// - Parameter limit: what the shell's `ulimit` sets for the program alone: "-n 64".
    init(
        port: Int = 0, endpointDelay: Int = 0, grace: Int = 10, limit: String? = nil
    ) async throws {
        guard let program = PackageLayout.executable("rpc-bench-server") else {
            throw RPCError(.unavailable, "rpc-bench-server is not built")
        }
        let arguments = [
            "--port", "\(port)", "--endpoint-delay", "\(endpointDelay)", "--grace", "\(grace)",
        ]
        if let limit {
            let start = "ulimit \(limit) && exec \"$0\" \"$@\""
            child = try ChildProcess("/bin/sh", ["-c", start, program] + arguments)
        } else {
            child = try ChildProcess(program, arguments)
        }
        let line = try await child.line { $0.hasPrefix("ready ") }
        guard let port = line.split(separator: "=").last.flatMap({ Int($0) }) else {
            throw RPCError(.unavailable, "no port in \(line)")
        }
        self.port = port
    }

    /// Asks it to end; `end` waits for that.
    func terminate() { child.terminate() }

    /// How it ended.
    func end() async -> ChildProcess.End { await child.end() }

    /// Connections that are established at its port, as the kernel has them.
    var connections: Int {
        // "sl local_address rem_address st ...": hexadecimal; state 01 is ESTABLISHED.
        // It says of itself that it is empty: read to its end.
        let file = FileHandle(forReadingAtPath: "/proc/net/tcp")
        let table = String(decoding: (try? file?.readToEnd()) ?? Data(), as: UTF8.self)
        let digits = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - digits.count) + digits
        return table.split(separator: "\n").count { line in
            let words = line.split(separator: " ")
            return words.count > 3 && words[1].hasSuffix(suffix) && words[3] == "01"
        }
    }

    func send(_ signal: Int32) { child.send(signal) }

    /// Everything it has said of what went wrong.
    var errors: String { child.standardError }
    var isRunning: Bool { child.isRunning }

    /// Descriptors that it has open below a limit; it may have inherited further ones.
    func descriptors(below limit: Int) -> Int {
        let folder = "/proc/\(child.processID)/fd"
        let open = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return open.count { Int($0).map { $0 < limit } ?? false }
    }

    /// How long it has kept a processor, in user and kernel mode (proc(5), stat).
    var processorTime: Duration {
        // The name in parentheses may hold blanks; behind it the first field is the third.
        let fields = file("stat").split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else {
            return .zero
        }
        return .seconds(user + system) / sysconf(Int32(_SC_CLK_TCK))
    }

    /// Bytes, of a line of /proc/PID/status: "VmRSS", "VmData".
    func memory(_ name: String) -> Int {
        let line = file("status").split(separator: "\n").first { $0.hasPrefix(name + ":") }
        let words = line?.split { $0 == " " || $0 == "\t" } ?? []
        return words.count > 1 ? (Int(words[1]) ?? 0) << 10 : 0
    }

    private func file(_ name: String) -> String {
        let file = FileHandle(forReadingAtPath: "/proc/\(child.processID)/\(name)")
        return String(decoding: (try? file?.readToEnd()) ?? Data(), as: UTF8.self)
    }
}

/// Calls from several tasks, each one after the other a millisecond apart.
struct SteadyLoad {
    struct Call: Sendable {
        let start: ContinuousClock.Instant
        let took: Duration
        let error: RPCError?
    }

    let client: RPCClient
    let options: CallOptions

    init(_ client: RPCClient, options: CallOptions = CallOptions()) {
        self.client = client
        self.options = options
    }

    /// Until `end` is open.
    func run(tasks: Int, until end: Gate) async -> [Call] {
        await withTaskGroup(of: [Call].self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    var calls: [Call] = []
                    while !end.isOpen {
                        calls.append(await call())
                        try? await Task.sleep(for: .milliseconds(1))
                    }
                    return calls
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func call() async -> Call {
        let start = ContinuousClock.now
        let error = await outcome {
            let _: EchoMessage = try await client.unary(
                LifeService.once, EchoMessage(payload: [1]), options: options)
        }
        return Call(start: start, took: ContinuousClock.now - start, error: error)
    }
}
