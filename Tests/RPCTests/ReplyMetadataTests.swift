import Testing

@testable import RPC

@Suite("Metadata of a reply")
struct ReplyMetadataTests {
    private let failure = RawReply(
        RPCError(code: .notFound, message: "none", reason: "NONE"), contentType: .grpc)
    private let success = RawReply(
        status: 200, headers: ["content-type": "application/grpc"], body: [0, 0, 0, 0, 0],
        trailers: ["grpc-status": "0"])

    @Test("trailers alone leave an error in one header block")
    func trailersOnly() {
        let reply = failure.adding(ReplyMetadata(trailers: ["x-why": "gone"]), isGRPC: true)
        #expect(reply.trailers == nil)
        #expect(reply.headers["grpc-status"] == "5")
        #expect(reply.headers["x-why"] == "gone")
    }

    @Test("headers move the status of an error behind them, with all its fields")
    func headersOfAnError() throws {
        let metadata = ReplyMetadata(headers: ["x-who": "we"], trailers: ["x-why": "gone"])
        let reply = failure.adding(metadata, isGRPC: true)
        #expect(reply.headers.map(\.name) == ["content-type", "x-who"])
        let trailers = try #require(reply.trailers)
        #expect(
            trailers.map(\.name)
                == ["grpc-status", "grpc-message", "grpc-status-details-bin", "x-why"])
        #expect(RPCError(trailers: trailers)?.reason == "NONE")
    }

    @Test("headers and trailers stand around a message")
    func message() {
        let metadata = ReplyMetadata(headers: ["x-who": "we"], trailers: ["x-why": "asked"])
        let reply = success.adding(metadata, isGRPC: true)
        #expect(reply.headers["x-who"] == "we")
        #expect(reply.trailers.map { Array($0.map(\.name)) } == ["grpc-status", "x-why"])
        #expect(reply.body == success.body)
    }

    @Test("on the JSON face a trailer is a header whose name says so")
    func json() {
        let json = RawReply(status: 200, headers: ["content-type": "application/json"], body: [])
        let metadata = ReplyMetadata(headers: ["x-who": "we"], trailers: ["x-why": "asked"])
        let reply = json.adding(metadata, isGRPC: false)
        #expect(reply.headers.map(\.name) == ["content-type", "x-who", "trailer-x-why"])
        #expect(reply.trailers == nil)
    }

    @Test("a handler sends neither fields of the protocol nor names that no peer takes")
    func names() {
        let asked: Metadata = [
            ":status": "500", "grpc-status": "0", "content-type": "text/plain", "te": "none",
            "": "empty", "two words": "x", "naïve": "x", "x-fine_1.a": "x",
        ]
        #expect(asked.sendable.map(\.name) == ["x-fine_1.a"])
    }

    @Test("a caller gets the headers, the trailers and none of the protocol's fields")
    func received() {
        let received = ReceivedMetadata()
        let metadata = ReplyMetadata(headers: ["x-who": "we"], trailers: ["x-why": "asked"])
        received.set(success.adding(metadata, isGRPC: true))
        #expect(received.headers == ["x-who": "we"])
        #expect(received.trailers == ["x-why": "asked"])
        // One block that ends the reply counts as trailers.
        received.set(failure.adding(ReplyMetadata(trailers: ["x-why": "gone"]), isGRPC: true))
        #expect(received.headers.isEmpty)
        #expect(received.trailers == ["x-why": "gone"])
    }
}
