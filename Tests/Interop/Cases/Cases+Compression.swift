import InteropMessages
import RPC

/// That messages are compressed where they are asked to be, and nowhere else.
extension InteropPeer {
    func serverCompressedUnary() async throws {
        for isCompressed in [true, false] {
            let received = ReceivedMetadata()
            let reply = try await service.unaryCall(
                GRPCTesting.SimpleRequest(
                    responseSize: 314_159, payload: .zeros(271_828),
                    responseCompressed: GRPCTesting.BoolValue(value: isCompressed)),
                options: CallOptions(received: received))
            try requireEqual(reply.payload, .zeros(314_159), "the payload")
            try requireEqual(received.wasReplyCompressed, isCompressed, "compressed")
        }
    }

    func serverCompressedStreaming() async throws {
        let due: [(size: Int, isCompressed: Bool)] = [(31_415, true), (92_653, false)]
        let request = GRPCTesting.StreamingOutputCallRequest(
            responseParameters: due.map {
                GRPCTesting.ResponseParameters(
                    size: Int32($0.size), compressed: GRPCTesting.BoolValue(value: $0.isCompressed))
            })
        try await service.streamingOutputCall(request) { replies in
            var iterator = replies.makeAsyncIterator()
            for (size, isCompressed) in due {
                let reply = try await iterator.next()
                try requireEqual(reply?.payload, .zeros(size), "the payload")
                try requireEqual(replies.lastWasCompressed, isCompressed, "compressed")
            }
            try require(try await iterator.next() == nil, "a reply that was not asked for")
        }
    }

    func clientCompressedUnary() async throws {
        // First the probe: whether the server looks.
        try await expect(.invalidArgument) {
            try await largeUnary(saying: true, as: .identity)
        }
        try await largeUnary(saying: true, as: .gzip)
        try await largeUnary(saying: false, as: .identity)
    }

    private func largeUnary(saying isCompressed: Bool, as encoding: MessageEncoding) async throws {
        let reply = try await service.unaryCall(
            GRPCTesting.SimpleRequest(
                responseSize: 314_159, payload: .zeros(271_828),
                expectCompressed: GRPCTesting.BoolValue(value: isCompressed)),
            options: CallOptions(compression: encoding))
        try requireEqual(reply.payload, .zeros(314_159), "the payload")
    }

    func clientCompressedStreaming() async throws {
        typealias Request = GRPCTesting.StreamingInputCallRequest
        try await expect(.invalidArgument) {
            _ = try await service.streamingInputCall { requests in
                try await requests.write(
                    Request(
                        payload: .zeros(27_182),
                        expectCompressed: GRPCTesting.BoolValue(value: true)))
            }
        }
        let reply = try await service.streamingInputCall(
            options: CallOptions(compression: .gzip)
        ) { requests in
            for (size, isCompressed) in [(27_182, true), (45_904, false)] {
                let request = Request(
                    payload: .zeros(size),
                    expectCompressed: GRPCTesting.BoolValue(value: isCompressed))
                try await requests.write(request, compressed: isCompressed)
            }
        }
        try requireEqual(reply.aggregatedPayloadSize, 73_086, "the sum")
    }
}
