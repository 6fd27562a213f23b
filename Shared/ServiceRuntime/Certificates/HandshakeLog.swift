internal import Logging
internal import NIOCore
internal import Synchronization
public import TLS

/// Counts TLS handshakes, and writes down why some failed: a few per ten seconds, since anybody can
/// make them fail.
public final class HandshakeLog: TLSHandshakeObserver {
    private static let linesPerPeriod = 20
    private static let period = TimeAmount.seconds(10)

    private let logger: Logger
    private let metrics: MetricsRegistry
    private let lines = Mutex<(since: NIODeadline, written: Int, omitted: Int)>((.now(), 0, 0))

    init(logger: Logger, metrics: MetricsRegistry) {
        self.logger = logger
        self.metrics = metrics
    }

    public func handshakeEnded(_ result: Result<TLSHandshakeCompleted, TLSError>) {
        switch result {
        case .success(let handshake): count("ok", version: handshake.version)
        case .failure(let error):
            count(error.code.rawValue, version: "")
            write(error)
        }
    }

    private func count(_ result: String, version: String) {
        metrics.counter(
            "assay_tls_handshakes_total", help: "TLS handshakes by how they ended.",
            labels: ["result": result, "version": version]
        ).increment()
    }

    private func write(_ error: TLSError) {
        let omitted: Int? = lines.withLock { lines in
            let now = NIODeadline.now()
            if now - lines.since > Self.period { lines = (now, 0, lines.omitted) }
            guard lines.written < Self.linesPerPeriod else {
                lines.omitted += 1
                return nil
            }
            lines.written += 1
            defer { lines.omitted = 0 }
            return lines.omitted
        }
        guard let omitted else { return }
        var metadata: Logger.Metadata = ["reason": "\(error)"]
        if let address = error.peerAddress { metadata["peer"] = "\(address)" }
        if omitted > 0 { metadata["omitted"] = "\(omitted)" }
        logger.notice("a TLS handshake failed", metadata: metadata)
    }
}
