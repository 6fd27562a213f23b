internal import Logging
internal import Synchronization
public import TLS

#if canImport(Glibc)
    internal import Glibc
#else
    internal import Darwin
#endif

/// The certificate stores of a process: has them look at their files every two seconds and on SIGHUP,
/// and says in logs and metrics what became of that.
public final class CertificateWatch: Sendable {
    private static let interval = Duration.seconds(2)

    private let logger: Logger
    private let stores = Mutex<[(name: String, store: CertificateStore)]>([])
    private let others = Mutex<[@Sendable () async -> Void]>([])

    init(logger: Logger, metrics: MetricsRegistry) {
        self.logger = logger
        metrics.collect { [weak self] text in self?.write(to: &text) }
    }

    /// Loads a set of files and watches it from now on.
    ///
    /// - Parameter name: "mesh", "edge": the label of its metrics.
    public func store(
        _ files: CertificateStore.Files, named name: String
    ) throws(TLSError) -> CertificateStore {
        let log = CertificateLog(name: name, logger: logger)
        let store = try CertificateStore(files, observer: log)
        stores.withLock { $0.append((name, store)) }
        return store
    }

    /// Has other files looked at, too, at the same moments. Two looks may overlap.
    public func alsoLook(_ look: @escaping @Sendable () async -> Void) {
        others.withLock { $0.append(look) }
    }

    /// Looks at all certificates now.
    func check() {
        for (_, store) in stores.withLock({ $0 }) { store.check() }
    }

    private func checkAll() async {
        check()
        for look in others.withLock({ $0 }) { await look() }
    }

    /// Looks at the files at intervals, and at each hangup, until the task is cancelled.
    func run(hangups: AsyncStream<Void>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in hangups {
                    self.logger.info("looking at the files")
                    await self.checkAll()
                }
            }
            group.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil {
                    await self.checkAll()
                }
            }
        }
    }

    // MARK: Metrics

    private func write(to text: inout PrometheusText) {
        let all = stores.withLock { $0.map { ($0.name, $0.store.status) } }
        if all.isEmpty { return }
        let now = Int64(time(nil))
        func metric(
            _ name: String, _ help: String, _ kind: PrometheusText.Kind,
            _ value: (CertificateStore.Status) -> Double
        ) {
            text.header(name, help: help, kind: kind)
            for (certificate, status) in all {
                text.sample(name, labels: [("certificate", certificate)], value(status))
            }
        }
        metric(
            "assay_tls_certificate_expiry_seconds", "Seconds until the certificate in use ends.",
            .gauge
        ) { Double($0.expiresAt - now) }
        metric(
            "assay_tls_certificate_loads_total", "Certificate sets taken into use.", .counter
        ) { Double($0.loads) }
        metric(
            "assay_tls_certificate_refusals_total",
            "Certificate sets found in the files and refused: the old one stays.", .counter
        ) { Double($0.refusals) }
        metric(
            "assay_tls_certificate_stale", "1 while the files hold a refused set.", .gauge
        ) { $0.isStale ? 1 : 0 }
    }
}

/// Says in the log what happens to one store.
private struct CertificateLog: CertificateObserver {
    let name: String
    let logger: Logger

    func certificatesChanged(_ set: CertificateSet) {
        logger.info("certificate in use", metadata: metadata(set))
    }

    func certificatesRefused(_ error: TLSError) {
        logger.error(
            "the certificate files are refused, the old ones stay in use",
            metadata: ["certificate": "\(name)", "reason": "\(error)"])
    }

    func certificateExpiresSoon(_ set: CertificateSet, secondsLeft: Int64) {
        logger.warning("the certificate expires soon", metadata: metadata(set, secondsLeft))
    }

    private func metadata(
        _ set: CertificateSet, _ secondsLeft: Int64? = nil
    ) -> Logger.Metadata {
        let left = secondsLeft ?? set.secondsLeft(at: Int64(time(nil)))
        return [
            "certificate": "\(name)", "subject": "\(set.subject)", "seconds_left": "\(left)",
        ]
    }
}
