/// A call on its way to its handler, as interceptors see it.
public protocol HandlerCall<Reply>: Sendable {
    /// What the handler returns: a message, or nothing if it writes a stream.
    associatedtype Reply: Sendable

    /// What the handler will be given; an interceptor may pass a changed one on.
    var context: ServerContext { get set }
}

extension HandlerCall {
    public var method: MethodDescriptor { context.method }
}

/// Sees every call of a server, around its handler.
///
/// A call's request has been decoded and its caller authorized. `next` runs what is further inside,
/// the handler last; its error is the handler's. Who throws instead of calling it refuses the call.
/// For a streaming method the call is the stream's whole life.
///
///     struct Audit: ServerInterceptor {
///         func intercept<Call: HandlerCall>(
///             _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
///         ) async throws -> Call.Reply {
///             do { return try await next(call) } catch { log(call.method, error); throw error }
///         }
///     }
public protocol ServerInterceptor: Sendable {
    nonisolated(nonsending) func intercept<Call: HandlerCall>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply
}

extension ServerInterceptor {
    /// Both as one concrete type: this one outside, `inner` inside.
    public func then<Inner: ServerInterceptor>(
        _ inner: Inner
    ) -> ServerInterceptorPair<Self, Inner> {
        ServerInterceptorPair(outer: self, inner: inner)
    }
}

/// Two interceptors: on the way in the outer comes first, on the way out the inner.
public struct ServerInterceptorPair<Outer: ServerInterceptor, Inner: ServerInterceptor>:
    ServerInterceptor
{
    let outer: Outer
    let inner: Inner

    public nonisolated(nonsending) func intercept<Call: HandlerCall>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply {
        try await outer.intercept(call) { try await inner.intercept($0, next: next) }
    }
}

/// A call with what its handler reads from: a message, or a stream of them.
struct DecodedCall<Input: Sendable, Reply: Sendable>: HandlerCall {
    let input: Input
    var context: ServerContext
}

extension ServerInterceptor {
    /// A handler's body with this around it.
    func around<Input: Sendable, Reply: Sendable>(
        _ body:
            nonisolated(nonsending) @escaping @Sendable (Input, ServerContext) async throws -> Reply
    ) -> HandlerBody<Input, Reply> {
        { input, context in
            let call = DecodedCall<Input, Reply>(input: input, context: context)
            return try await intercept(call) { try await body($0.input, $0.context) }
        }
    }

    /// The same for a handler that writes a stream.
    func around<Input: Sendable, Writer: Sendable>(
        _ body:
            nonisolated(nonsending) @escaping @Sendable (Input, Writer, ServerContext) async throws
            -> Void
    ) -> nonisolated(nonsending) @Sendable (Input, Writer, ServerContext) async throws -> Void {
        { input, writer, context in
            let call = DecodedCall<Input, Void>(input: input, context: context)
            try await intercept(call) { try await body($0.input, writer, $0.context) }
        }
    }
}

/// A handler that gives a reply.
typealias HandlerBody<Input, Reply> =
    nonisolated(nonsending) @Sendable (Input, ServerContext) async throws -> Reply
