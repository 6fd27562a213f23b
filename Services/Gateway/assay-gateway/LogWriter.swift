import Foundation
import GatewayCore
import Logging
import Synchronization

/// Writes a log out, away from the event loops. While its file takes nothing it keeps what it has,
/// tries again, and says so: methods whose calls must be written down wait for that.
final class LogWriter: Sendable {
    /// "access" or "security".
    let name: String
    private let source: any LogSource
    private let descriptor: Int32
    private let gate: AuditGate
    private let logger: Logger
    private let isStopped = Atomic(false)
    private let isFailing = Atomic(false)
    private let droppedLines = Atomic(0)
    private let finished = DispatchSemaphore(value: 0)

    /// - Parameter path: Appended to, and made if it is not there; "-" is standard error.
    init(
        _ source: any LogSource, name: String, path: String, gate: AuditGate, logger: Logger
    ) throws {
        self.source = source
        self.name = name
        self.gate = gate
        self.logger = logger
        descriptor =
            path == "-"
            ? dup(STDERR_FILENO)
            : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw GatewayCore.ConfigurationError(
                file: path, message: "the \(name) log cannot be written: \(reason)")
        }
    }

    deinit { close(descriptor) }

    /// Whether the file takes what is written.
    var isWritable: Bool { !isFailing.load(ordering: .relaxed) }
    var dropped: Int { droppedLines.load(ordering: .relaxed) }

    /// Starts a thread that writes five times a second.
    func start() {
        Thread.detachNewThread { [self] in
            var carrier = LogCarrier()
            while !isStopped.load(ordering: .relaxed) {
                carry(&carrier)
                Thread.sleep(forTimeInterval: 0.2)
            }
            carry(&carrier)
            finished.signal()
        }
    }

    /// Returns when the last line is written, or cannot be.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        finished.wait()
    }

    private func carry(_ carrier: inout LogCarrier) {
        var problem: Int32 = 0
        let isWritten = carrier.carry(from: source) { bytes in
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 { problem = errno }
            return count < 0 ? nil : count
        }
        droppedLines.store(carrier.dropped, ordering: .relaxed)
        isFailing.store(!isWritten, ordering: .relaxed)
        guard gate.note(name, isWritten: isWritten) else { return }
        if isWritten {
            logger.info("a log is written again", metadata: ["log": "\(name)"])
        } else {
            logger.error(
                "a log cannot be written: what must be written down is refused",
                metadata: ["log": "\(name)", "reason": "\(String(cString: strerror(problem)))"])
        }
    }
}
