/// What servers tell of their load, as counters.
extension RPCTelemetry: LoadObserver {
    public func shed(_ path: String, criticality: Criticality) {
        events.count(.shed, "\(criticality)")
    }

    public func outlivedCancellation(_ path: String) {
        let method = number(of: path)
        events.count(.zombies, label(method))
        outliving(method, by: 1)
    }

    public func outlivingHandlerEnded(_ path: String) { outliving(number(of: path), by: -1) }

    public func held(_ path: String, for duration: Duration) {
        events.count(.heldLoops, label(number(of: path)))
    }
}
