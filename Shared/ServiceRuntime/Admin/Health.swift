public import RPC
internal import Synchronization

/// What a process can say of itself: is it alive, and may it be sent work?
///
/// Ready = every component that was named is ready, and the process is not on its way out. `/readyz`
/// and the gRPC health service say the same.
public final class Health: Sendable {
    /// What the gRPC health service answers.
    public let readiness = Readiness()

    /// One thing a process needs before it can serve: its store, its models, an upstream.
    public struct Component: Sendable {
        fileprivate let health: Health
        fileprivate let name: String

        public func markReady() { health.set(name, nil) }
        /// `reason` is shown on `/readyz`.
        public func markUnready(_ reason: String) { health.set(name, reason) }
    }

    private struct State: Sendable {
        /// What is missing, by component; nil when the component is ready.
        var missing: [String: String?] = [:]
        var isDraining = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Names a component, which is not ready until it says so.
    public func component(_ name: String) -> Component {
        set(name, "starting")
        return Component(health: self, name: name)
    }

    /// From now on the process is not ready: it finishes what it has and ends.
    public func startDraining() {
        state.withLock { $0.isDraining = true }
        readiness.startDraining()
    }

    public var isReady: Bool { unready.isEmpty }

    /// What is not ready and why, by name.
    public var unready: [String: String] {
        state.withLock { state in
            var unready = state.missing.compactMapValues { $0 }
            if state.isDraining { unready["process"] = "draining" }
            return unready
        }
    }

    private func set(_ name: String, _ missing: String?) {
        state.withLock { state in
            state.missing[name] = .some(missing)
            // Inside the lock, so that the last word stands in both.
            readiness.setProcess(isServing: state.missing.values.allSatisfy { $0 == nil })
        }
    }
}
