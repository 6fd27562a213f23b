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

    public init() {}

    public var methods: [MethodDescriptor] { entries.map(\.method) }

    /// Registers a unary method. What generated services call.
    @inlinable
    public mutating func unary<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDescriptor,
        _ body:
            nonisolated(nonsending) @escaping @Sendable (Request, ServerContext) async throws
            -> Response
    ) {
        add(method) { call in
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
        add(method) { call in
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
    mutating func add(_ method: MethodDescriptor, _ start: @escaping Start) {
        precondition(
            !entries.contains { $0.method.path == method.path },
            "\(method.path) is registered twice")
        entries.append(Entry(method: method, start: start))
    }
}

/// A request on its way into a handler: the message's bytes are lent for the decoding only.
@usableFromInline
struct IncomingCall: ~Copyable {
    @usableFromInline let exchange: Exchange
    @usableFromInline let message: UnsafeRawBufferPointer

    /// Decodes at the door that the content type names, and validates.
    @inlinable
    borrowing func decode<Request: WireMessage>() throws(RPCError) -> Request {
        let request: Request
        let limit = exchange.context.method.maximumRequestBytes
        if exchange.contentType == .json {
            do throws(JSONError) {
                request = try Request(jsonBytes: message, limits: JSONLimits(bytes: 8 * limit))
            } catch {
                throw RPCError(undecodable: error)
            }
        } else {
            let door: Door = exchange.contentType == .grpcAssay ? .strict : .tolerant
            do throws(WireError) {
                request = try Request(
                    decoding: message, door: door, limits: DecodeLimits(bytes: limit))
            } catch {
                throw RPCError(undecodable: error)
            }
        }
        let violations = request.violations()
        if !violations.isEmpty { throw RPCError(violated: violations) }
        return request
    }
}
