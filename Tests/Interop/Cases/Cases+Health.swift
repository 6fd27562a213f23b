import AssayMessages
import InteropMessages
import RPC

/// The services about services: health and reflection.
extension InteropPeer {
    private typealias ReflectionRequest = GRPCReflectionV1.ServerReflectionRequest
    private typealias ReflectionReply = GRPCReflectionV1.ServerReflectionResponse

    private var health: GRPCHealthV1.Health.Client { GRPCHealthV1.Health.Client(client) }

    /// What servers know by these names: one whose state changes, and one whose state does not.
    private static let changing = "grpc.testing.TestService"
    private static let steady = "grpc.testing.XdsUpdateHealthService"

    func healthCheck() async throws {
        for name in ["", Self.steady] {
            let reply = try await health.check(GRPCHealthV1.HealthCheckRequest(service: name))
            try requireEqual(reply.status, .serving, "the state of '\(name)'")
        }
        try await expect(.notFound) {
            _ = try await health.check(GRPCHealthV1.HealthCheckRequest(service: "no.Service"))
        }
    }

    func healthWatch() async throws {
        let control = GRPCTesting.XdsUpdateHealthService.Client(client)
        let empty = GRPCTesting.Empty()
        try await health.watch(GRPCHealthV1.HealthCheckRequest(service: Self.changing)) { states in
            var states = states.makeAsyncIterator()
            try requireEqual(try await states.next()?.status, .serving, "the state at first")
            _ = try await control.setNotServing(empty)
            try requireEqual(try await states.next()?.status, .notServing, "the next state")
            _ = try await control.setServing(empty)
            try requireEqual(try await states.next()?.status, .serving, "the last state")
        }
        try await health.watch(GRPCHealthV1.HealthCheckRequest(service: "no.Service")) { states in
            for try await state in states {
                return try requireEqual(state.status, .serviceUnknown, "an unknown service")
            }
            throw InteropFailure(description: "no state of an unknown service")
        }
    }

    /// Asks version 1, and its predecessor where there is none, as tools do: their messages are the
    /// same.
    func reflection() async throws {
        do {
            try await reflection(GRPCReflectionV1.ServerReflection.serverReflectionInfo)
        } catch let error as RPCError where error.code == .unimplemented {
            try await reflection(GRPCReflectionV1Alpha.ServerReflection.serverReflectionInfo)
        }
    }

    private func reflection(_ method: MethodDescriptor) async throws {
        try await client.bidirectional(method) {
            (requests: RequestWriter<ReflectionRequest>, replies: ReplyStream<ReflectionReply>) in
            var replies = replies.makeAsyncIterator()
            try await requests.write(ReflectionRequest(messageRequest: .listServices("")))
            guard case .listServicesResponse(let list) = try await replies.next()?.messageResponse
            else { throw InteropFailure(description: "no list of services") }
            try check(list.service.map(\.name))
            try await requests.write(
                ReflectionRequest(messageRequest: .fileContainingSymbol(Self.changing)))
            guard
                case .fileDescriptorResponse(let files) = try await replies.next()?.messageResponse
            else { throw InteropFailure(description: "no descriptor") }
            try check(files.fileDescriptorProto)
            try await requests.write(
                ReflectionRequest(messageRequest: .fileContainingSymbol("no.Symbol")))
            guard case .errorResponse(let error) = try await replies.next()?.messageResponse
            else { throw InteropFailure(description: "no error for an unknown symbol") }
            try requireEqual(error.errorCode, 5, "the error for an unknown symbol")
            requests.finish()
            try require(try await replies.next() == nil, "a reply to nothing")
        }
    }

    private func check(_ services: [String]) throws {
        try require(services.contains(Self.changing), "services: \(services)")
    }

    private func check(_ descriptors: [[UInt8]]) throws {
        let files = descriptors.compactMap { FileDescriptor($0) }
        try requireEqual(files.count, descriptors.count, "descriptors that can be read")
        let file = files.first { $0.services.contains(Self.changing) }
        try require(
            file?.symbols.contains("\(Self.changing).UnaryCall") == true,
            "no descriptor declares the methods")
    }
}
