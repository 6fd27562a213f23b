public import InteropMessages
public import RPC

/// Obeys what requests ask for, as grpc/doc/interop-test-descriptions.md has it of a server.
public struct TestService: GRPCTesting.TestService.Service {
    typealias Methods = GRPCTesting.TestService

    static let echoedHeader = "x-grpc-test-echo-initial"
    static let echoedTrailer = "x-grpc-test-echo-trailing-bin"
    /// No response is larger.
    private static let maximumSize: Int32 = 4 << 20

    public init() {}

    public func emptyCall(
        _ request: GRPCTesting.Empty, context: ServerContext
    ) async throws -> GRPCTesting.Empty {
        echoMetadata(context)
        return GRPCTesting.Empty()
    }

    public func unaryCall(
        _ request: GRPCTesting.SimpleRequest, context: ServerContext
    ) async throws -> GRPCTesting.SimpleResponse {
        echoMetadata(context)
        try expect(request.expectCompressed, context.wasRequestCompressed)
        try obey(request.responseStatus)
        if request.responseCompressed?.value != true { context.leaveReplyUncompressed() }
        return GRPCTesting.SimpleResponse(payload: try payload(request.responseSize))
    }

    public func cacheableUnaryCall(
        _ request: GRPCTesting.SimpleRequest, context: ServerContext
    ) async throws -> GRPCTesting.SimpleResponse {
        try await unaryCall(request, context: context)
    }

    public func streamingOutputCall(
        _ request: GRPCTesting.StreamingOutputCallRequest,
        replies: ReplyWriter<GRPCTesting.StreamingOutputCallResponse>, context: ServerContext
    ) async throws {
        echoMetadata(context)
        try await answer(request, to: replies)
    }

    public func streamingInputCall(
        _ requests: RequestStream<GRPCTesting.StreamingInputCallRequest>, context: ServerContext
    ) async throws -> GRPCTesting.StreamingInputCallResponse {
        echoMetadata(context)
        var bytes = 0
        for try await request in requests {
            try expect(request.expectCompressed, requests.lastWasCompressed)
            bytes += request.payload?.body.count ?? 0
        }
        return GRPCTesting.StreamingInputCallResponse(
            aggregatedPayloadSize: Int32(clamping: bytes))
    }

    public func fullDuplexCall(
        _ requests: RequestStream<GRPCTesting.StreamingOutputCallRequest>,
        replies: ReplyWriter<GRPCTesting.StreamingOutputCallResponse>, context: ServerContext
    ) async throws {
        echoMetadata(context)
        for try await request in requests { try await answer(request, to: replies) }
    }

    public func halfDuplexCall(
        _ requests: RequestStream<GRPCTesting.StreamingOutputCallRequest>,
        replies: ReplyWriter<GRPCTesting.StreamingOutputCallResponse>, context: ServerContext
    ) async throws {
        echoMetadata(context)
        var all: [GRPCTesting.StreamingOutputCallRequest] = []
        for try await request in requests { all.append(request) }
        for request in all { try await answer(request, to: replies) }
    }

    public func unimplementedCall(
        _ request: GRPCTesting.Empty, context: ServerContext
    ) async throws -> GRPCTesting.Empty {
        throw RPCError(.unimplemented, "no server has this method")
    }

    /// All methods but `UnimplementedCall`: the server is not to know that one.
    public func register(in registry: inout MethodRegistry) {
        registry.unary(Methods.emptyCall) { try await emptyCall($0, context: $1) }
        registry.unary(Methods.unaryCall) { try await unaryCall($0, context: $1) }
        registry.unary(Methods.cacheableUnaryCall) { try await cacheableUnaryCall($0, context: $1) }
        registry.serverStreaming(Methods.streamingOutputCall) {
            try await streamingOutputCall($0, replies: $1, context: $2)
        }
        registry.clientStreaming(Methods.streamingInputCall) {
            try await streamingInputCall($0, context: $1)
        }
        registry.bidirectional(Methods.fullDuplexCall) {
            try await fullDuplexCall($0, replies: $1, context: $2)
        }
        registry.bidirectional(Methods.halfDuplexCall) {
            try await halfDuplexCall($0, replies: $1, context: $2)
        }
    }

    // MARK: What requests ask for

    private func echoMetadata(_ context: ServerContext) {
        let metadata = context.metadata
        if let value = metadata[Self.echoedHeader] {
            context.addReplyHeaders([Self.echoedHeader: value])
        }
        if let bytes = metadata.bytes(Self.echoedTrailer) {
            var trailers = Metadata()
            trailers.append(Self.echoedTrailer, bytes: bytes)
            context.addReplyTrailers(trailers)
        }
    }

    private func expect(_ compressed: GRPCTesting.BoolValue?, _ found: Bool) throws(RPCError) {
        guard let compressed, compressed.value != found else { return }
        throw RPCError(
            .invalidArgument, "the request is \(found ? "" : "not ")compressed, unlike it says")
    }

    private func obey(_ status: GRPCTesting.EchoStatus?) throws(RPCError) {
        guard let status, status.code != 0 else { return }
        let code = UInt8(exactly: status.code).flatMap { StatusCode(rawValue: $0) }
        throw RPCError(code ?? .unknown, status.message)
    }

    private func payload(_ size: Int32) throws(RPCError) -> GRPCTesting.Payload {
        guard (0...Self.maximumSize).contains(size) else {
            throw RPCError(.invalidArgument, "a response of \(size) bytes is asked for")
        }
        return GRPCTesting.Payload(body: [UInt8](repeating: 0, count: Int(size)))
    }

    private func answer(
        _ request: GRPCTesting.StreamingOutputCallRequest,
        to replies: ReplyWriter<GRPCTesting.StreamingOutputCallResponse>
    ) async throws {
        try obey(request.responseStatus)
        for parameters in request.responseParameters {
            if parameters.intervalUs > 0 {
                try await Task.sleep(for: .microseconds(Int64(parameters.intervalUs)))
            }
            try await replies.write(
                GRPCTesting.StreamingOutputCallResponse(payload: try payload(parameters.size)),
                compressed: parameters.compressed?.value == true)
        }
    }
}
