import InteropMessages
import RPC

/// That metadata goes both ways, and that a call ends as its side that ends it says.
extension InteropPeer {
    func customMetadata() async throws {
        try await echo(header: "test_initial_metadata_value", trailer: [0xAB, 0xAB, 0xAB])
    }

    /// Seven KiB there, and back.
    func largeMetadata() async throws {
        try await echo(header: String(repeating: "m", count: 7 << 10), trailer: [0, 0xFF, 0x10])
    }

    private func echo(header: String, trailer: [UInt8]) async throws {
        var metadata: Metadata = [TestService.echoedHeader: header]
        metadata.append(TestService.echoedTrailer, bytes: trailer)
        let unary = ReceivedMetadata()
        _ = try await service.unaryCall(
            GRPCTesting.SimpleRequest(responseSize: 314_159, payload: .zeros(271_828)),
            options: CallOptions(metadata: metadata, received: unary))
        let stream = ReceivedMetadata()
        try await service.fullDuplexCall(
            options: CallOptions(metadata: metadata, received: stream)
        ) { requests, replies in
            try await requests.write(.asking([314_159], with: 271_828))
            requests.finish()
            for try await _ in replies {}
        }
        for (received, kind) in [(unary, "unary"), (stream, "stream")] {
            try requireEqual(
                received.headers[TestService.echoedHeader], header, "the header (\(kind))")
            try requireEqual(
                received.trailers.bytes(TestService.echoedTrailer), trailer,
                "the trailer (\(kind))")
        }
    }

    func statusCodeAndMessage() async throws { try await echo(status: "test status message") }

    func specialStatusMessage() async throws {
        try await echo(
            status: "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n")
    }

    private func echo(status message: String) async throws {
        let status = GRPCTesting.EchoStatus(code: 2, message: message)
        let unary = await failure {
            _ = try await service.unaryCall(GRPCTesting.SimpleRequest(responseStatus: status))
        }
        let stream = await failure {
            try await service.fullDuplexCall { requests, replies in
                try await requests.write(
                    GRPCTesting.StreamingOutputCallRequest(responseStatus: status))
                requests.finish()
                for try await _ in replies {}
            }
        }
        for error in [unary, stream] {
            try requireEqual(error?.code, .unknown, "the code")
            try require(
                error?.message.hasSuffix(message) == true,
                "the message: \(error?.message ?? "none") instead of \(message)")
        }
    }

    func unimplementedMethod() async throws {
        try await expect(.unimplemented) {
            _ = try await service.unimplementedCall(GRPCTesting.Empty())
        }
    }

    func unimplementedService() async throws {
        try await expect(.unimplemented) {
            _ = try await GRPCTesting.UnimplementedService.Client(client)
                .unimplementedCall(GRPCTesting.Empty())
        }
    }

    func cancelAfterBegin() async throws {
        try await expect(.cancelled) {
            try await Task {
                _ = try await service.streamingInputCall { _ in
                    withUnsafeCurrentTask { $0?.cancel() }
                }
            }.value
        }
    }

    func cancelAfterFirstResponse() async throws {
        try await expect(.cancelled) {
            try await Task {
                try await service.fullDuplexCall { requests, replies in
                    try await requests.write(.asking([31_415], with: 27_182))
                    for try await _ in replies { withUnsafeCurrentTask { $0?.cancel() } }
                }
            }.value
        }
    }

    func timeoutOnSleepingServer() async throws {
        try await expect(.deadlineExceeded) {
            try await service.fullDuplexCall(
                options: CallOptions(deadline: .after(.milliseconds(1)))
            ) { requests, replies in
                try await requests.write(.asking([], with: 27_182))
                for try await _ in replies {}
            }
        }
    }

    // MARK: Errors

    func failure(_ call: () async throws -> Void) async -> RPCError? {
        do {
            try await call()
            return nil
        } catch {
            return error as? RPCError ?? RPCError(code: .ok, message: "\(error)", cause: error)
        }
    }

    func expect(_ code: StatusCode, _ call: () async throws -> Void) async throws {
        let error = await failure(call)
        try require(
            error?.code == code, "\(error.map { "\($0)" } ?? "success") instead of \(code)")
    }
}
