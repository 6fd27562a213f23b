/// One attempt of a call on its way to the network, as a client's interceptors see it.
public protocol CallAttempt<Reply>: Sendable {
    /// A whole reply; nothing for a stream, whose messages its caller reads.
    associatedtype Reply: Sendable

    /// "/package.Service/Method".
    var path: String { get }
    var kind: MethodKind { get }
    /// What goes with the request; an interceptor may pass on a changed call.
    var metadata: Metadata { get set }
    /// Attempts before this one that may have run.
    var attempt: Int { get }
    /// For all attempts together.
    var deadline: Deadline { get }
}

/// Sees every attempt of every call of a client: retries and hedges are around the interceptors.
///
/// `next` sends the attempt and returns when it has ended, for a stream when all of it has; it throws
/// an `RPCError` if the call failed. Who throws instead of calling it fails the attempt, which may
/// then be repeated like any other. To be called once: repeating is the client's matter.
public protocol ClientInterceptor: Sendable {
    nonisolated(nonsending) func intercept<Call: CallAttempt>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply
}

extension ClientInterceptor {
    /// Both as one concrete type: this one outside, `inner` inside.
    public func then<Inner: ClientInterceptor>(
        _ inner: Inner
    ) -> ClientInterceptorPair<Self, Inner> {
        ClientInterceptorPair(outer: self, inner: inner)
    }
}

/// Two interceptors: on the way out to the network the outer comes first, on the way back the inner.
public struct ClientInterceptorPair<Outer: ClientInterceptor, Inner: ClientInterceptor>:
    ClientInterceptor
{
    let outer: Outer
    let inner: Inner

    public nonisolated(nonsending) func intercept<Call: CallAttempt>(
        _ call: Call, next: nonisolated(nonsending) (Call) async throws -> Call.Reply
    ) async throws -> Call.Reply {
        try await outer.intercept(call) { try await inner.intercept($0, next: next) }
    }
}
