/// What servers tell of their load, as counters.
extension RPCTelemetry: LoadObserver {
    public func shed(_ path: String, criticality: Criticality) {
        events.count(.shed, "\(criticality)")
    }

    public func outlivedCancellation(_ path: String) {
        events.count(.zombies, label(number(of: path)))
    }

    public func held(_ path: String, for duration: Duration) {
        events.count(.heldLoops, label(number(of: path)))
    }
}
