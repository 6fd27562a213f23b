import Foundation
import GatewayCore
import Synchronization

/// Writes the access log out, away from the event loops.
final class AccessLogWriter: Sendable {
    private let log: AccessLog
    private let file: FileHandle
    private let isStopped = Mutex(false)
    private let finished = DispatchSemaphore(value: 0)

    /// - Parameter path: Appended to; "-" is standard error.
    init(_ log: AccessLog, path: String) throws {
        self.log = log
        if path == "-" {
            file = .standardError
            return
        }
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(
                atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        }
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw ConfigurationError(file: path, message: "the access log cannot be written")
        }
        _ = try handle.seekToEnd()
        file = handle
    }

    /// Starts a thread that writes five times a second.
    func start() {
        Thread.detachNewThread { [self] in
            while !isStopped.withLock({ $0 }) {
                write()
                Thread.sleep(forTimeInterval: 0.2)
            }
            write()
            finished.signal()
        }
    }

    /// Returns when the last line is written.
    func stop() {
        isStopped.withLock { $0 = true }
        finished.wait()
    }

    private func write() {
        let (bytes, dropped) = log.drain()
        var output = Data(bytes)
        if dropped > 0 { output.append(Data("{\"dropped_lines\":\(dropped)}\n".utf8)) }
        // A full disk must not stop calls; the next lines may fit again.
        if !output.isEmpty { try? file.write(contentsOf: output) }
    }
}
