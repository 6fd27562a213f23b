/// What is known of identities and outlives a configuration: a new snapshot goes on with it.
public final class IdentityState: Sendable {
    /// When API keys were used last.
    public let keyUses = KeyUses()

    public init() {}
}
