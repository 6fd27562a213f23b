import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A service's process: its own process group, so that Ctrl-C reaches us alone; standard error to
/// its log; standard output read for the line that says it serves.
final class ChildProcess: Sendable {
    /// How a process ended.
    enum End: Sendable, Hashable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        var description: String {
            switch self {
            case .exited(let code): "exit code \(code)"
            case .signalled(let number): "signal \(number)"
            }
        }
    }

    let pid: pid_t
    /// Those that run, for the end that does not wait.
    private static let alive = Mutex<Set<pid_t>>([])
    private let state = Mutex(State())

    private struct State {
        var end: End?
        var waiters: [CheckedContinuation<End, Never>] = []
    }

    /// - Parameters:
    ///   - log: Appended to.
    ///   - line: Called with each line of standard output, on a thread of its own.
    init(
        executable: String, arguments: [String], log: String,
        line: @escaping @Sendable (String) -> Void
    ) throws {
        let output = Pipe()
        pid = try Self.spawn(
            executable, arguments, output: output.fileHandleForWriting.fileDescriptor, log: log)
        Self.alive.withLock { _ = $0.insert(pid) }
        try output.fileHandleForWriting.close()
        let reading = output.fileHandleForReading
        Thread.detachNewThread { Self.readLines(reading, line) }
        Thread.detachNewThread { self.wait() }
    }

    /// The process's end, now or when it comes.
    func ended() async -> End {
        await withCheckedContinuation { continuation in
            let end = state.withLock { state -> End? in
                if state.end == nil { state.waiters.append(continuation) }
                return state.end
            }
            if let end { continuation.resume(returning: end) }
        }
    }

    func send(_ signal: Int32) {
        // After the end the number may belong to another process.
        state.withLock { if $0.end == nil { kill(pid, signal) } }
    }

    /// Ends every process that runs, at once.
    static func killAll() {
        alive.withLock { alive in
            for pid in alive { kill(pid, SIGKILL) }
        }
    }

    private func wait() {
        // The number stays ours until `waitpid` has returned, so look first and reap under the lock.
        var information = siginfo_t()
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let (end, waiters) = state.withLock { state in
            Self.alive.withLock { _ = $0.remove(pid) }
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let number = status & 0x7F
            let end: End = number == 0 ? .exited(status >> 8 & 0xFF) : .signalled(number)
            state.end = end
            defer { state.waiters = [] }
            return (end, state.waiters)
        }
        for waiter in waiters { waiter.resume(returning: end) }
    }

    private static func readLines(
        _ handle: FileHandle, _ line: @Sendable (String) -> Void
    ) {
        var rest: [UInt8] = []
        while true {
            // What has come, not a full buffer: the line must be seen while the pipe stays open.
            let data = handle.availableData
            if data.isEmpty { return }
            rest.append(contentsOf: data)
            while let end = rest.firstIndex(of: 0x0A) {
                line(String(decoding: rest[..<end], as: UTF8.self))
                rest.removeSubrange(...end)
            }
            // No service prints such a line; a runaway one must not fill our memory.
            if rest.count > 1 << 16 { rest = [] }
        }
    }

    private static func spawn(
        _ executable: String, _ arguments: [String], output: Int32, log: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, executable, &actions, &attributes, words, environ)
        guard result == 0 else {
            throw Complaint("\(executable) cannot be started: \(String(cString: strerror(result)))")
        }
        return pid
    }
}
