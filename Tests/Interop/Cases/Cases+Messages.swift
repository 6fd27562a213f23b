import InteropMessages
import RPC

/// That messages of every kind of call arrive whole.
extension InteropPeer {
    typealias Service = GRPCTesting.TestService

    var service: Service.Client { Service.Client(client) }

    func emptyUnary() async throws {
        let reply = try await service.emptyCall(GRPCTesting.Empty())
        try requireEqual(reply, GRPCTesting.Empty(), "the reply")
    }

    func largeUnary() async throws { try await largeUnary(service) }

    func largeUnary(
        _ service: Service.Client, options: CallOptions = CallOptions()
    ) async throws {
        let request = GRPCTesting.SimpleRequest(
            responseSize: 314_159, payload: .zeros(271_828))
        let reply = try await service.unaryCall(request, options: options)
        try requireEqual(reply.payload, .zeros(314_159), "the payload")
    }

    func clientStreaming() async throws {
        let reply = try await service.streamingInputCall { requests in
            for size in [27_182, 8, 1_828, 45_904] {
                try await requests.write(
                    GRPCTesting.StreamingInputCallRequest(payload: .zeros(size)))
            }
        }
        try requireEqual(reply.aggregatedPayloadSize, 74_922, "the sum")
    }

    func serverStreaming() async throws {
        let sizes = [31_415, 9, 2_653, 58_979]
        let received = try await service.streamingOutputCall(.asking(sizes)) { replies in
            try await replies.reduce(into: []) { $0.append($1.payload?.body.count ?? 0) }
        }
        try requireEqual(received, sizes, "the sizes")
    }

    func pingPong() async throws {
        try await service.fullDuplexCall { requests, replies in
            var replies = replies.makeAsyncIterator()
            for (reply, request) in Self.pings {
                try await requests.write(.asking([reply], with: request))
                let received = try await replies.next()
                try requireEqual(received?.payload, .zeros(reply), "the payload")
            }
            requests.finish()
            try require(try await replies.next() == nil, "a reply more than there are requests")
        }
    }

    func emptyStream() async throws {
        try await service.fullDuplexCall { requests, replies in
            requests.finish()
            for try await _ in replies { throw InteropFailure(description: "a reply to nothing") }
        }
    }

    func halfDuplex() async throws {
        let sizes = try await service.halfDuplexCall { requests, replies in
            for (reply, request) in Self.pings {
                try await requests.write(.asking([reply], with: request))
            }
            requests.finish()
            return try await replies.reduce(into: []) { $0.append($1.payload?.body.count ?? 0) }
        }
        try requireEqual(sizes, Self.pings.map(\.reply), "the sizes")
    }

    private static let pings: [(reply: Int, request: Int)] = [
        (31_415, 27_182), (9, 8), (2_653, 1_828), (58_979, 45_904),
    ]
}

extension GRPCTesting.Payload {
    static func zeros(_ count: Int) -> GRPCTesting.Payload {
        GRPCTesting.Payload(body: [UInt8](repeating: 0, count: count))
    }
}

extension GRPCTesting.StreamingOutputCallRequest {
    static func asking(_ sizes: [Int], with payload: Int? = nil) -> Self {
        GRPCTesting.StreamingOutputCallRequest(
            responseParameters: sizes.map { GRPCTesting.ResponseParameters(size: Int32($0)) },
            payload: payload.map { .zeros($0) })
    }
}
