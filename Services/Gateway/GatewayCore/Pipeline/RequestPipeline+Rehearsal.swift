package import RPC

/// One stage alone, as often as one likes: what a benchmark measures.
extension RequestPipeline {
    /// Runs a stage of a request that has passed them all already; false if it would refuse now.
    ///
    /// - Parameters:
    ///   - body: A piece of the request's body, which the stage `body` looks at.
    ///   - reply: Headers of the service's reply, which the stage `reply` passes.
    package mutating func rehearse(
        _ stage: Stage, _ head: RequestHead, from peer: Peer, _ surroundings: Surroundings,
        body: UnsafeRawBufferPointer, reply: Metadata
    ) -> Bool {
        do throws(Rejection) {
            switch stage {
            case .face: try checkFace(head)
            case .headers:
                try checkHeaders(head, from: peer)
                nameRequest(head, surroundings)
            case .route: try findRoute(head)
            case .address: try checkAddress(head, from: peer, surroundings)
            case .deadline: try checkDeadline(head, surroundings)
            case .authenticate:
                let isWaiting = try authenticate(head, from: peer, surroundings, round: 0) != nil
                noteLogin(head, surroundings)
                return !isWaiting
            case .authorize: try authorize()
            case .idempotency: try checkIdempotencyKey(head)
            case .limit: return try takeFromLimit(surroundings) == nil
            case .load: try enterFlight()
            case .body:
                var framing = MessageFraming(requestLimits, isFramed: isFramed)
                return framing.take(body) == nil
            case .forward: return !upstreamFields(head).isEmpty
            case .reply:
                return !replied(200, reply).isEmpty
                    && Self.status(http: 200, ending: reply, isFramed: isFramed) == .ok
            }
            return true
        } catch {
            return false
        }
    }
}
