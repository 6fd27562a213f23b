/// Threads of their own for handlers that block, or compute for longer than an event loop can be
/// without them.
public protocol HandlerThreads: Sendable {
    /// Runs a handler there, and comes back to where it was called; nil if too many wait already.
    nonisolated(nonsending) func run(_ work: @escaping HandlerWork) async -> Reply?
}

extension RPCService {
    /// The same service with its handlers on other threads. Worth it from about 200 µs of computing:
    /// a change of threads and back costs some microseconds.
    public func runs(on threads: any HandlerThreads) -> any RPCService {
        PooledService(service: self, threads: threads)
    }
}

/// A service whose handlers run elsewhere.
private struct PooledService: RPCService {
    let service: any RPCService
    let threads: any HandlerThreads

    func register(in registry: inout MethodRegistry) {
        var own = MethodRegistry()
        service.register(in: &own)
        let threads = threads
        for entry in own.entries {
            registry.add(entry.method, entry.method.kind) { call in
                let exchange = call.exchange
                switch entry.start(call) {
                case .reply(let reply): return .reply(reply)
                case .run(let work):
                    return .run {
                        await threads.run(work) ?? exchange.failure(RPCError.tooManyForThreads)
                    }
                }
            }
        }
    }
}

extension RPCError {
    fileprivate static let tooManyForThreads = RPCError(
        code: .resourceExhausted, message: "too many calls wait for a thread",
        reason: "OVERLOADED", retryAfter: .milliseconds(50))
}
