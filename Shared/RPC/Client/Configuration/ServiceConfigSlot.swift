internal import Synchronization

/// Holds the service config that clients go by, which may be exchanged while they run.
public final class ServiceConfigSlot: Sendable {
    private struct State {
        var config: ServiceConfig
        /// By path, of the methods that were called. Their number is that of a schema.
        var known: [String: MethodConfig?] = [:]
        var subscribers: [@Sendable (ServiceConfig) -> Void] = []
    }

    private let state: Mutex<State>

    public init(_ config: ServiceConfig = ServiceConfig()) {
        state = Mutex(State(config: config))
    }

    public var config: ServiceConfig { state.withLock(\.config) }

    /// Calls that begin from now on go by `config`. How to choose among endpoints stays as it was when
    /// a client was made.
    public func update(_ config: ServiceConfig) {
        let subscribers = state.withLock { state in
            state.config = config
            state.known = [:]
            return state.subscribers
        }
        for subscriber in subscribers { subscriber(config) }
    }

    /// Tells of each config to come.
    package func subscribe(_ subscriber: @escaping @Sendable (ServiceConfig) -> Void) {
        state.withLock { $0.subscribers.append(subscriber) }
    }

    package func settings(for path: String) -> MethodConfig? {
        state.withLock { state in
            if let known = state.known[path] { return known }
            let found = state.config.settings(for: path)
            if state.known.count < 10_000 { state.known[path] = .some(found) }
            return found
        }
    }
}
