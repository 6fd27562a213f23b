public import Wire

/// What generated services with streaming methods call.
extension MethodRegistry {
    /// Registers a method that answers one message with a stream.
    @inlinable
    public mutating func serverStreaming<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDescriptor,
        _ body:
            nonisolated(nonsending) @escaping @Sendable (
                Request, ReplyWriter<Response>, ServerContext
            ) async throws -> Void
    ) {
        let body = isIntercepted ? intercepted(body) : body
        add(method, .serverStreaming) { call in
            let request: Request
            do throws(RPCError) {
                request = try call.decode()
            } catch {
                return .reply(call.exchange.failure(error))
            }
            let exchange = call.exchange
            let replies = ReplyWriter<Response>(call.replies, method)
            return .run {
                do {
                    try await body(request, replies, exchange.context)
                    return exchange.end()
                } catch {
                    return exchange.failure(error)
                }
            }
        }
    }

    /// Registers a method that answers a stream with one message.
    @inlinable
    public mutating func clientStreaming<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDescriptor,
        _ body:
            nonisolated(nonsending) @escaping @Sendable (
                RequestStream<Request>, ServerContext
            ) async throws -> Response
    ) {
        let body = isIntercepted ? intercepted(body) : body
        add(method, .clientStreaming) { call in
            let exchange = call.exchange
            let requests = RequestStream<Request>(.requests, call.requests, method)
            return .run {
                do {
                    return exchange.success(try await body(requests, exchange.context))
                } catch {
                    return exchange.failure(error)
                }
            }
        }
    }

    /// Registers a method with a stream in both directions.
    @inlinable
    public mutating func bidirectional<Request: WireMessage, Response: WireMessage>(
        _ method: MethodDescriptor,
        _ body:
            nonisolated(nonsending) @escaping @Sendable (
                RequestStream<Request>, ReplyWriter<Response>, ServerContext
            ) async throws -> Void
    ) {
        let body = isIntercepted ? intercepted(body) : body
        add(method, .bidirectional) { call in
            let exchange = call.exchange
            let requests = RequestStream<Request>(.requests, call.requests, method)
            let replies = ReplyWriter<Response>(call.replies, method)
            return .run {
                do {
                    try await body(requests, replies, exchange.context)
                    return exchange.end()
                } catch {
                    return exchange.failure(error)
                }
            }
        }
    }
}
