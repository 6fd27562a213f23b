import GatewayCore
import Logging
import ServiceRuntime

/// The access log and the security log, with who writes them.
final class GatewayLogs: Sendable {
    /// Nil if nobody wants it.
    let access: AccessLog?
    let security = SecurityLog()
    let gate: AuditGate
    private let writers: [LogWriter]

    /// - Parameters:
    ///   - access: Where to; nil writes none.
    ///   - security: Where to; nil leaves its events to the process's own log.
    init(access: String?, security path: String?, logger: Logger) throws {
        gate = AuditGate(isOpen: access != nil)
        self.access = access.map { _ in AccessLog() }
        var writers: [LogWriter] = []
        if let log = self.access, let access {
            writers.append(
                try LogWriter(log, name: "access", path: access, gate: gate, logger: logger))
        }
        writers.append(
            try LogWriter(
                security, name: "security", path: path ?? "-", gate: gate, logger: logger))
        self.writers = writers
    }

    /// From now on every change of an issuer's keys is an event.
    func noteKeySets(of directory: KeySetDirectory) {
        let security = security
        directory.observe { event in
            guard let event = SecurityEvent(event) else { return }
            security.append(event, unixMilliseconds: GatewayClock.system.unixMilliseconds())
        }
    }

    func start() {
        for writer in writers { writer.start() }
    }

    func stop() {
        for writer in writers { writer.stop() }
    }

    func collect(_ metrics: MetricsRegistry) {
        let writers = writers
        metrics.collect { text in
            text.header(
                "assay_gateway_log_writable", help: "0 while a log's file takes nothing.",
                kind: .gauge)
            for writer in writers {
                text.sample(
                    "assay_gateway_log_writable", labels: [("log", writer.name)],
                    writer.isWritable ? 1 : 0)
            }
            text.header(
                "assay_gateway_log_dropped_lines_total",
                help: "Lines that had no room while they waited to be written.", kind: .counter)
            for writer in writers {
                text.sample(
                    "assay_gateway_log_dropped_lines_total", labels: [("log", writer.name)],
                    Double(writer.dropped))
            }
        }
    }
}
