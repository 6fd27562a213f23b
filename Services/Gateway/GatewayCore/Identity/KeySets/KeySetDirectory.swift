internal import RPC
internal import Synchronization

/// The key sets of all issuers that have an address. Outlives configurations, so that a new one does
/// not forget the keys that the last one knew.
public final class KeySetDirectory: Sendable {
    /// Gets a document from an https address, whose host one of the authorities in the file must have
    /// certified; nil is the system's.
    public typealias Download =
        @Sendable (_ url: String, _ authorities: String?) async throws -> KeySetCache.Document

    private struct Source: Hashable {
        let issuer: String
        let url: String
        let authorities: String?
        let algorithm: GatewayConfiguration.Algorithm?
    }

    private let download: Download
    private let surroundings: KeySetCache.Surroundings
    private let observers = Mutex<[@Sendable (KeySetCache.Event) -> Void]>([])
    /// For those who look at a configuration and do not serve: its issuers never get keys.
    public static var idle: KeySetDirectory {
        struct NotFetchedHere: Error {}
        let start = Instant(nanoseconds: 0)
        return KeySetDirectory(surroundings: .init(now: { start })) { _, _ in
            throw NotFetchedHere()
        }
    }

    private let caches = Mutex<[Source: KeySetCache]>([:])

    public init(surroundings: KeySetCache.Surroundings, download: @escaping Download) {
        self.surroundings = surroundings
        self.download = download
    }

    /// The same object as long as the configuration says the same of where the keys are.
    func cache(
        _ issuer: GatewayConfiguration.Issuer, url: String, authorities: String?, fallback: KeySet?
    ) -> KeySetCache {
        let source = Source(
            issuer: issuer.issuer, url: url, authorities: authorities, algorithm: issuer.algorithm)
        return caches.withLock { caches in
            if let known = caches[source] {
                known.replaceFallback(fallback)
                return known
            }
            let download = download
            var surroundings = surroundings
            surroundings.notice = { [weak self] event in
                for observer in self?.observers.withLock({ $0 }) ?? [] { observer(event) }
            }
            let new = KeySetCache(
                issuer: issuer.issuer, algorithm: issuer.algorithm, fallback: fallback,
                surroundings: surroundings
            ) { try await download(url, authorities) }
            caches[source] = new
            return new
        }
    }

    /// Tells of every fetch that ends from now on.
    public func observe(_ observer: @escaping @Sendable (KeySetCache.Event) -> Void) {
        observers.withLock { $0.append(observer) }
    }

    /// Fetches what is due. To be called every second or so.
    public func tick() { for cache in all { cache.tick() } }

    /// Forgets issuers that the configuration no longer has.
    func keep(_ kept: [KeySetCache]) {
        caches.withLock { caches in
            caches = caches.filter { entry in kept.contains { $0 === entry.value } }
        }
    }

    /// Whether each issuer has keys.
    public var isReady: Bool { all.allSatisfy(\.isReady) }

    public var status: [KeySetCache.Status] { all.map(\.status) }

    private var all: [KeySetCache] {
        caches.withLock { Array($0.values) }.sorted { $0.issuer < $1.issuer }
    }
}
