/// Counts what connections tell, under the name of their profile.
package struct ConnectionCounter: ConnectionObserver {
    private let events: RuntimeEvents
    private let profile: String

    package init(_ events: RuntimeEvents, profile: String) {
        self.events = events
        self.profile = profile
    }

    package func misbehaved(_ event: String, action: MisbehaviourAction, peer: Peer) {
        events.count(.abuse, event, action.rawValue, profile)
    }

    package func goAway(_ direction: GoAwayDirection, reason: String, peer: Peer) {
        events.count(.goAways, direction.rawValue, reason, profile)
    }
}
