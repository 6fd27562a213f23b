/// Told of calls and handlers that cost a server more than it has. Runs on an event loop: must be
/// quick.
public protocol LoadObserver: Sendable {
    /// A call was refused with `OVERLOADED`. `path` is as the caller sent it.
    func shed(_ path: String, criticality: Criticality)
    /// A handler still runs 10 s after it was cancelled.
    func outlivedCancellation(_ path: String)
    /// Such a handler has ended after all.
    func outlivingHandlerEnded(_ path: String)
    /// The loop was busy for so long with handlers that did not let go of it; the last one's path.
    func held(_ path: String, for duration: Duration)
}

extension LoadObserver {
    public func outlivingHandlerEnded(_ path: String) {}
}
