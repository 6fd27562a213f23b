internal import RPC

/// Where the keys of an issuer are.
enum IssuerKeys: Sendable {
    /// In a file that was read with the configuration, and is read again with it.
    case file(KeySet)
    /// At an address, and perhaps in a file until that answers.
    case fetched(KeySetCache)

    enum Lookup: Sendable {
        case key(PinnedKey, KeySet)
        case unknown
        case wait(KeySetCache)
    }

    func current(at now: Instant) -> KeySet? {
        switch self {
        case .file(let set): set
        case .fetched(let cache): cache.current(at: now)
        }
    }

    func look(for kid: String, at now: Instant, round: Int) -> Lookup {
        switch self {
        case .file(let set): return set.keys[kid].map { .key($0, set) } ?? .unknown
        case .fetched(let cache):
            switch cache.look(for: kid, at: now, round: round) {
            case .key(let key, let set): return .key(key, set)
            case .unknown: return .unknown
            case .wait: return .wait(cache)
            }
        }
    }
}
