import RPC

/// Answers every method of every schema with what it was sent, unread: a service behind a gateway that
/// costs next to nothing.
struct EveryMethod: RequestHandler {
    private static let headers: Metadata = ["content-type": "application/grpc"]
    private static let succeeded: Metadata = ["grpc-status": "0"]
    private static let unimplemented: Metadata = ["grpc-status": "12"]
    private static let longest = Duration.seconds(60)

    func admit(_ head: RequestHead, from peer: Peer) -> Admission {
        .accept(
            Acceptance(
                maximumBytes: 1 << 20, isFramed: head.contentType.isGRPC,
                deadline: Deadline(head.receivedAt + Self.longest)))
    }

    func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
        // Who asks for health learns that there is none, and takes every endpoint it can reach.
        let isAboutUs = request.head.target.hasPrefix("/grpc.")
        return .reply(
            .raw(
                RawReply(
                    status: 200, headers: Self.headers,
                    body: isAboutUs ? [] : request.copyBody(),
                    trailers: isAboutUs ? Self.unimplemented : Self.succeeded)))
    }
}
