/// What servers tell of their load, as counters. Of handlers a log is told as well: the first time, the
/// second, the fourth and so on, of each method, so that no load fills it.
extension RPCTelemetry: LoadObserver {
    public func shed(_ path: String, criticality: Criticality) {
        events.count(.shed, "\(criticality)")
    }

    public func outlivedCancellation(_ path: String) {
        let method = number(of: path)
        events.count(.zombies, label(method))
        outliving(method, by: 1)
        note(.outlivesItsCall, method)
    }

    public func outlivingHandlerEnded(_ path: String) { outliving(number(of: path), by: -1) }

    public func held(_ path: String, for duration: Duration) {
        let method = number(of: path)
        events.count(.heldLoops, label(method))
        note(.holdsItsLoop, method, for: duration)
    }
}
