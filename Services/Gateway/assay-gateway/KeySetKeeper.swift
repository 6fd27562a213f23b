import GatewayCore
import Logging
import NIOPosix
import ServiceRuntime
import TLS

/// Fetches the keys of issuers while the process serves, and says what came of it.
final class KeySetKeeper: Sendable {
    private static let maximumBytes = 256 << 10
    private static let timeout = Duration.seconds(2)
    /// Where Debian keeps the authorities that the system believes.
    private static let systemAuthorities = "/etc/ssl/certs/ca-certificates.crt"

    private let task: Task<Void, Never>

    /// The key sets of a process; nothing is fetched before a keeper is made.
    static func directory() -> KeySetDirectory {
        KeySetDirectory(surroundings: .init(now: GatewayClock.system.now)) { url, authorities in
            let trust = try TLSTrust(file: authorities ?? systemAuthorities)
            let document = try await SmallDocument.get(
                url, trust: trust, maximumBytes: maximumBytes, timeout: timeout,
                group: MultiThreadedEventLoopGroup.singleton)
            return KeySetCache.Document(
                bytes: document.body, cacheControl: document.cacheControl)
        }
    }

    /// Starts fetching; the process is ready when every issuer has keys.
    init(_ directory: KeySetDirectory, health: Health, logger: Logger) {
        let component = health.component("issuers")
        directory.observe { event in
            Self.log(event, logger)
            Self.update(component, directory)
        }
        Self.update(component, directory)
        task = Task {
            while !Task.isCancelled {
                directory.tick()
                Self.update(component, directory)
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    func stop() { task.cancel() }

    private static func update(_ component: Health.Component, _ directory: KeySetDirectory) {
        if directory.isReady {
            component.markReady()
        } else {
            component.markUnready("an issuer's keys have not been fetched yet")
        }
    }

    private static func log(_ event: KeySetCache.Event, _ logger: Logger) {
        switch event {
        case .changed(let issuer, let keys, let leftOut):
            logger.notice(
                "the keys of an issuer have changed",
                metadata: [
                    "issuer": "\(issuer)", "keys": "\(keys)",
                    "left_out": "\(leftOut.joined(separator: "; "))",
                ])
        case .unchanged(let issuer):
            logger.debug("the keys of an issuer are the same", metadata: ["issuer": "\(issuer)"])
        case .failed(let issuer, let why):
            logger.error(
                "the keys of an issuer could not be fetched; the old ones stay",
                metadata: ["issuer": "\(issuer)", "error": "\(why)"])
        }
    }
}
