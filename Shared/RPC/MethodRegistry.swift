public import Wire

/// A service: registers its methods.
public protocol RPCService: Sendable {
    func register(in registry: inout MethodRegistry)
}

/// The methods that a server offers.
public struct MethodRegistry: Sendable {
    /// Decodes a request and starts its handler. Called on the connection's loop.
    @usableFromInline
    typealias Start = @Sendable (borrowing IncomingCall) -> RequestOutcome

    final class Entry: Sendable {
        let method: MethodDescriptor
        let start: Start

        init(method: MethodDescriptor, start: @escaping Start) {
            self.method = method
            self.start = start
        }
    }

    private(set) var entries: [Entry] = []

    /// What is around every handler.
    private let interceptor: (any ServerInterceptor)?

    public init(interceptor: (any ServerInterceptor)? = nil) {
        self.interceptor = interceptor
    }

    public var methods: [MethodDescriptor] { entries.map(\.method) }

    /// Registers a unary method. What generated services call.
    @inlinable
    public mutating func unary<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDescriptor,
        _ body:
            nonisolated(nonsending) @escaping @Sendable (Request, ServerContext) async throws
            -> Response
    ) {
        // Apart, so that a handler without interceptors can become a part of its registration.
        if isIntercepted { addUnary(method, intercepted(body)) } else { addUnary(method, body) }
    }

    @inlinable
    mutating func addUnary<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDescriptor,
        _ body:
            nonisolated(nonsending) @escaping @Sendable (Request, ServerContext) async throws
            -> Response
    ) {
        add(method, .unary) { call in
            let request: Request
            do throws(RPCError) {
                request = try call.decode()
            } catch {
                return .reply(call.exchange.failure(error))
            }
            let exchange = call.exchange
            return .run {
                do {
                    return exchange.success(try await body(request, exchange.context))
                } catch {
                    return exchange.failure(error)
                }
            }
        }
    }

    /// Registers a unary method whose handler never waits: it costs no task.
    @inlinable
    public mutating func immediate<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDescriptor,
        _ body: @escaping @Sendable (Request, ServerContext) throws -> Response
    ) {
        if isIntercepted { return unary(method) { try body($0, $1) } }
        add(method, .unary) { call in
            do {
                let request: Request = try call.decode()
                return .reply(
                    call.exchange.success(try body(request, call.exchange.context)))
            } catch {
                return .reply(call.exchange.failure(error))
            }
        }
    }

    @usableFromInline
    var isIntercepted: Bool { interceptor != nil }

    /// A handler's body with the interceptors around it: the body itself if there are none.
    @usableFromInline
    func intercepted<Input: Sendable, Reply: Sendable>(
        _ body:
            nonisolated(nonsending) @escaping @Sendable (Input, ServerContext) async throws -> Reply
    ) -> nonisolated(nonsending) @Sendable (Input, ServerContext) async throws -> Reply {
        interceptor?.around(body) ?? body
    }

    /// The same for a handler that writes a stream.
    @usableFromInline
    func intercepted<Input: Sendable, Writer: Sendable>(
        _ body:
            nonisolated(nonsending) @escaping @Sendable (Input, Writer, ServerContext) async throws
            -> Void
    ) -> nonisolated(nonsending) @Sendable (Input, Writer, ServerContext) async throws -> Void {
        interceptor?.around(body) ?? body
    }

    @usableFromInline
    mutating func add(
        _ method: MethodDescriptor, _ kind: MethodKind, _ start: @escaping Start
    ) {
        precondition(method.kind == kind, "\(method.path) is \(method.kind), not \(kind)")
        precondition(
            !entries.contains { $0.method.path == method.path },
            "\(method.path) is registered twice")
        entries.append(Entry(method: method, start: start))
    }
}
