import HTTP2
import RPC
import Synchronization
import Testing

@testable import RPCTransport

@Suite("Calls that wait for their admission")
struct PendingAdmissionTests {
    /// Admits the calls of two services when and as a test says.
    final class Doorkeeper: RequestHandler {
        private struct Caller {
            let pending: PendingAdmission
            let head: RequestHead
            let peer: Peer
        }

        private let router = ServiceRouter([EchoService(), StreamService()])
        private let callers = Mutex<[Caller]>([])

        var count: Int { callers.withLock(\.count) }

        func admit(_ head: RequestHead, from peer: Peer) -> Admission {
            let pending = PendingAdmission(deadline: Deadline(head.receivedAt + .seconds(1)))
            callers.withLock { $0.append(Caller(pending: pending, head: head, peer: peer)) }
            return .wait(pending)
        }

        func handle(_ request: borrowing InboundRequest) -> RequestOutcome {
            router.handle(request)
        }

        func admit(_ number: Int) {
            let caller = callers.withLock { $0[number] }
            caller.pending.decide(router.admit(caller.head, from: caller.peer))
        }

        func refuse(_ number: Int) {
            let caller = callers.withLock { $0[number] }
            let error = RPCError(.resourceExhausted, "not now", reason: "RATE_LIMITED")
            caller.pending.decide(
                .refuse(RawReply(error, contentType: caller.head.contentType), error))
        }
    }

    /// One connection whose calls all wait.
    struct Scene {
        let door = Doorkeeper()
        let harness: StreamHarness

        init(profile: HTTP2Profile = .mesh) throws {
            harness = try StreamHarness(handler: door, profile: profile)
        }

        /// A call, of which this much is sent before anything is decided.
        func begin(
            _ method: MethodDescriptor, _ body: [UInt8], isWhole: Bool = true
        ) throws -> HTTP2Stream {
            let stream = try harness.open(method)
            harness.client.append(body, to: stream)
            if isWhole { harness.client.finish(stream) }
            try exchange()
            return stream
        }

        func exchange() throws {
            try harness.exchange()
            #expect(harness.connection.audit?.faults ?? [] == [])
        }

        func seen(_ stream: HTTP2Stream) throws -> StreamHarness.Seen {
            try #require(harness.seen[stream.id])
        }

        func expectRest() {
            #expect(harness.connection.audit?.faultsAtRest ?? [] == [])
        }
    }

    private static let message = StreamHarness.message(20)

    @Test("a request that came whole is handled when it is admitted, and not before")
    func whole() throws {
        let scene = try Scene()
        let stream = try scene.begin(EchoService.small, Self.message)
        #expect(try scene.seen(stream).headerBlocks == 0)
        #expect(scene.harness.connection.audit?.heldByInboxes == Self.message.count)
        scene.door.admit(0)
        try scene.exchange()
        let seen = try scene.seen(stream)
        #expect(seen.body == Self.message && seen.status == "0" && seen.closedWith == .noError)
        scene.expectRest()
    }

    @Test("the rest of a request comes behind the decision")
    func partial() throws {
        for count in 0..<Self.message.count {
            let scene = try Scene()
            let stream = try scene.begin(
                EchoService.small, Array(Self.message.prefix(count)), isWhole: false)
            scene.door.admit(0)
            try scene.exchange()
            scene.harness.client.append(Array(Self.message.dropFirst(count)), to: stream)
            scene.harness.client.finish(stream)
            try scene.exchange()
            #expect(try scene.seen(stream).body == Self.message)
            scene.expectRest()
        }
    }

    @Test("calls on one connection wait each for itself")
    func independent() throws {
        let scene = try Scene()
        let streams = try (0..<20).map { _ in try scene.begin(EchoService.say, Self.message) }
        for number in [7, 3, 19, 0] {
            scene.door.admit(number)
            try scene.exchange()
            #expect(try scene.seen(streams[number]).status == "0")
        }
        #expect(try streams.filter { try scene.seen($0).status == nil }.count == 16)
        for number in 0..<20 { scene.door.admit(number) }
        try scene.exchange()
        #expect(try streams.allSatisfy { try scene.seen($0).body == Self.message })
        scene.expectRest()
    }

    @Test("a refusal is the reply, whether or not the request has ended", arguments: [true, false])
    func refused(isWhole: Bool) throws {
        let scene = try Scene()
        let stream = try scene.begin(EchoService.say, Self.message, isWhole: isWhole)
        scene.door.refuse(0)
        try scene.exchange()
        #expect(try scene.seen(stream).status == "8")
        if !isWhole {
            scene.harness.client.append(Self.message, to: stream)
            scene.harness.client.finish(stream)
            try scene.exchange()
        }
        scene.expectRest()
    }

    @Test("a caller that goes meanwhile leaves nothing, and the decision changes nothing")
    func cancelled() throws {
        let scene = try Scene()
        for isWhole in [true, false] {
            let stream = try scene.begin(EchoService.say, Self.message, isWhole: isWhole)
            scene.harness.client.reset(stream, code: .cancel)
            try scene.exchange()
        }
        scene.expectRest()
        scene.door.admit(0)
        scene.door.refuse(1)
        try scene.exchange()
        scene.expectRest()
    }

    @Test("the deadline ends a call that still waits", arguments: [true, false])
    func deadline(isWhole: Bool) throws {
        let scene = try Scene()
        let stream = try scene.begin(EchoService.say, Self.message, isWhole: isWhole)
        try scene.harness.advance(.milliseconds(1_100))
        #expect(try scene.seen(stream).status == "4")
        scene.door.admit(0)
        try scene.harness.advance(.milliseconds(1_100))
        scene.expectRest()
    }

    @Test("what is too large is refused when the call is admitted")
    func tooLarge() throws {
        let scene = try Scene()
        let stream = try scene.begin(EchoService.small, StreamHarness.message(200))
        scene.door.admit(0)
        try scene.exchange()
        #expect(try scene.seen(stream).status == "8")
        scene.expectRest()
    }

    @Test("no more than a window is kept, and all of it is read in the end")
    func window() throws {
        let scene = try Scene()
        let message = StreamHarness.message(50_000)
        let messages = (0..<20).flatMap { _ in message }
        let stream = try scene.begin(StreamService.collect, messages)
        let held = try #require(scene.harness.connection.audit?.heldByInboxes)
        #expect(held > 0 && held <= Int(HTTP2Profile.mesh.streamWindow))
        // The connection goes on meanwhile.
        let other = try scene.begin(EchoService.say, Self.message)
        scene.door.admit(1)
        try scene.exchange()
        #expect(try scene.seen(other).status == "0")
        scene.door.admit(0)
        try scene.exchange()
        let seen = try scene.seen(stream)
        #expect(seen.status == "0" && seen.messages == 1)
        #expect(String(decoding: seen.body, as: UTF8.self).contains("1000000"))
        scene.expectRest()
    }

    @Test("a stream gets the messages that came before its admission", arguments: [true, false])
    func stream(isWhole: Bool) throws {
        let scene = try Scene()
        let stream = try scene.begin(
            StreamService.converse, Self.message + Self.message, isWhole: isWhole)
        scene.door.admit(0)
        try scene.exchange()
        #expect(try scene.seen(stream).body == Self.message + Self.message)
        if !isWhole {
            scene.harness.client.append(Self.message, to: stream)
            scene.harness.client.finish(stream)
            try scene.exchange()
        }
        let seen = try scene.seen(stream)
        #expect(seen.messages == (isWhole ? 2 : 3) && seen.status == "0")
        scene.expectRest()
    }

    @Test("a call with one request and many replies is admitted late, too")
    func replies() throws {
        let scene = try Scene()
        var body = EchoMessage(payload: [3]).encoded(prefix: 5)
        MessagePrefix.write(into: &body)
        let stream = try scene.begin(StreamService.watch, body)
        scene.door.admit(0)
        try scene.exchange()
        let seen = try scene.seen(stream)
        #expect(seen.messages == 3 && seen.status == "0")
        scene.expectRest()
    }

    @Test(
        "a decision may come from any thread",
        arguments: [InProcessTransport.Mode.encoded, .direct])
    func otherThread(_ mode: InProcessTransport.Mode) async throws {
        let door = Doorkeeper()
        let link = InProcessTransport(mode)
        let server = RPCServer(listeners: [.inProcess(link)], handler: door)
        try await server.start()
        let client = link.client()
        for number in 0..<50 {
            let deciding = Task.detached {
                while door.count <= number { await Task.yield() }
                if number % 2 == 0 { door.admit(number) } else { door.refuse(number) }
            }
            do {
                let reply: EchoMessage = try await client.unary(
                    EchoService.say, EchoMessage(payload: [UInt8(number)]),
                    options: CallOptions())
                #expect(reply.payload == [UInt8(number)] && number % 2 == 0)
            } catch let error as RPCError {
                #expect(error.reason == "RATE_LIMITED" && number % 2 == 1)
            }
            await deciding.value
        }
        await server.shutdown(grace: .zero)
    }
}
