/// What is known of identities and outlives a configuration: a new snapshot goes on with it.
public final class IdentityState: Sendable {
    /// When API keys were used last.
    public let keyUses = KeyUses()
    /// The keys of issuers that have an address.
    public let keySets: KeySetDirectory

    /// - Parameter keySets: Fetches nothing by itself; see `KeySetDirectory.tick`.
    public init(keySets: KeySetDirectory = .idle) {
        self.keySets = keySets
    }

    /// Forgets what this snapshot, which serves from now on, no longer has.
    public func adopt(_ snapshot: GatewaySnapshot) {
        keyUses.keep(snapshot.authenticator.keys.ids)
        keySets.keep(snapshot.authenticator.tokens.caches)
    }
}
