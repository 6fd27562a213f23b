import AssayMessages
import HTTP2
import NIOCore
import NIOEmbedded
import RPC
import Synchronization
import Testing
import Wire

@testable import RPCTransport

@Suite("Faults and ends of streams on a server, frame by frame")
struct StreamFaultTests {
    @Test("a message over the limit ends the call at its prefix, behind the replies so far")
    func oversized() throws {
        let harness = try StreamHarness(StreamService())
        let stream = try harness.open(StreamService.converse)
        let id = stream.id
        harness.client.append(StreamHarness.message(3) + [0, 0, 2, 0, 0, 1, 2, 3], to: stream)
        try harness.exchange()
        let seen = try #require(harness.seen[id])
        #expect(seen.body == StreamHarness.message(3))
        #expect(seen.status == "8")
        #expect(seen.trailers["grpc-message"]?.contains("131072 bytes") == true)
        // The caller still sends: it is told to stop, after a while.
        #expect(seen.closedWith == nil)
        try harness.advance(.seconds(2))
        #expect(harness.seen[id]?.closedWith == .noError)
    }

    @Test("a stream that ends inside a message or a prefix is INTERNAL", arguments: [1, 4, 7])
    func truncated(cut: Int) throws {
        let harness = try StreamHarness(StreamService())
        let stream = try harness.open(StreamService.converse)
        let id = stream.id
        harness.client.append(
            StreamHarness.message(3) + StreamHarness.message(10).prefix(cut), to: stream)
        harness.client.finish(stream)
        try harness.exchange()
        #expect(harness.seen[id]?.body == StreamHarness.message(3))
        #expect(harness.seen[id]?.status == "13")
    }

    @Test("a compressed message, a wrong flag, and bytes that do not decode are INTERNAL")
    func broken() throws {
        for bytes in [[1, 0, 0, 0, 0], [9, 0, 0, 0, 0], [0, 0, 0, 0, 2, 0xFF, 0xFF]] as [[UInt8]] {
            let harness = try StreamHarness(StreamService())
            let stream = try harness.open(StreamService.converse)
            let id = stream.id
            harness.client.append(bytes, to: stream)
            harness.client.finish(stream)
            try harness.exchange()
            #expect(harness.seen[id]?.status == "13")
            // An error before any message is one block of headers.
            #expect(harness.seen[id]?.headerBlocks == 1)
        }
    }

    @Test("a method with one request takes exactly one")
    func cardinality() throws {
        for count in [0, 2] {
            let harness = try StreamHarness(StreamService())
            let stream = try harness.open(StreamService.watch)
            let id = stream.id
            for _ in 0..<count { harness.client.append(StreamHarness.message(1), to: stream) }
            harness.client.finish(stream)
            try harness.exchange()
            #expect(harness.seen[id]?.status == "12")
        }
    }

    @Test("no bit flipped in a stream of requests brings the connection's server down")
    func bitFlips() throws {
        var random = SplitMix(state: 7)
        for _ in 0..<300 {
            let harness = try StreamHarness(StreamService())
            let stream = try harness.open(StreamService.converse)
            let id = stream.id
            var bytes = StreamHarness.message(3) + StreamHarness.message(50)
            let index = Int(random.next() % UInt64(bytes.count))
            bytes[index] ^= 1 << UInt8(random.next() % 8)
            harness.client.append(bytes, to: stream)
            harness.client.finish(stream)
            try harness.exchange()
            #expect(harness.seen[id]?.status != nil)
        }
    }

    // MARK: Ends

    @Test("an error behind messages is in the trailers; an end without messages still has headers")
    func ends() throws {
        var service = StreamService()
        service.watch = { request, replies, _ in
            guard !request.payload.isEmpty else { return }
            try await replies.write(request)
            throw RPCError(.aborted, "enough")
        }
        let harness = try StreamHarness(service)
        let failing = try harness.open(StreamService.watch)
        let empty = try harness.open(StreamService.watch)
        let (failingID, emptyID) = (failing.id, empty.id)
        harness.client.append(StreamHarness.message(1), to: failing)
        harness.client.append([0, 0, 0, 0, 0], to: empty)
        harness.client.finish(failing)
        harness.client.finish(empty)
        try harness.exchange()
        #expect(harness.seen[failingID]?.messages == 1)
        #expect(harness.seen[failingID]?.trailers["grpc-status"] == "10")
        #expect(harness.seen[failingID]?.trailers["grpc-message"] == "enough")
        #expect(harness.seen[emptyID]?.headerBlocks == 2)
        #expect(harness.seen[emptyID]?.trailers["grpc-status"] == "0")
        #expect(harness.connection.session?.openStreams == 0)
    }

    @Test("headers can go before the first message")
    func earlyHeaders() throws {
        let gate = Gate()
        var service = StreamService()
        service.converse = { _, replies, _ in
            replies.sendHeaders()
            await gate.wait()
        }
        let harness = try StreamHarness(service)
        let stream = try harness.open(StreamService.converse)
        let id = stream.id
        try harness.exchange()
        #expect(harness.seen[id]?.headerBlocks == 1)
        #expect(harness.seen[id]?.headers[":status"] == "200")
        gate.open()
        try harness.exchange()
        #expect(harness.seen[id]?.status == "0")
    }

    @Test("a caller's timeout ends the stream with DEADLINE_EXCEEDED; without one nothing does")
    func deadline() throws {
        let cancelled = Gate()
        var service = StreamService()
        service.converse = { requests, replies, context in
            for try await request in requests { try await replies.write(request) }
        }
        service.watch = { request, replies, _ in
            try await replies.write(request)
            await untilCancelled()
            cancelled.open()
            try await replies.write(request)
        }
        let harness = try StreamHarness(service)
        let timed = try harness.open(StreamService.watch, extra: [("grpc-timeout", "1S")])
        let endless = try harness.open(StreamService.converse)
        let brief = try harness.open(StreamService.brief)
        let ids = (timed.id, endless.id, brief.id)
        harness.client.append(StreamHarness.message(1), to: timed)
        harness.client.finish(timed)
        try harness.exchange()
        // The method's own deadline.
        try harness.advance(.milliseconds(101))
        #expect(harness.seen[ids.2]?.status == "4")
        #expect(!cancelled.isOpen)
        try harness.advance(.milliseconds(900))
        #expect(cancelled.isOpen)
        #expect(harness.seen[ids.0]?.messages == 1)
        #expect(harness.seen[ids.0]?.trailers["grpc-status"] == "4")
        try harness.advance(.hours(48))
        #expect(harness.seen[ids.1]?.isEnded == false)
        harness.client.append(StreamHarness.message(8), to: endless)
        try harness.exchange()
        #expect(harness.seen[ids.1]?.messages == 1)
    }

    @Test("replies that cannot be sent after the deadline are given up a second later")
    func deadlineBehindClosedWindow() throws {
        var service = StreamService()
        service.watch = { request, replies, _ in
            while true {
                try await replies.write(EchoMessage(payload: Array(repeating: 1, count: 10_000)))
            }
        }
        let harness = try StreamHarness(service)
        harness.consumes = false
        let stream = try harness.open(StreamService.watch, extra: [("grpc-timeout", "1S")])
        let id = stream.id
        harness.client.append(StreamHarness.message(1), to: stream)
        harness.client.finish(stream)
        try harness.exchange()
        try harness.advance(.milliseconds(1_001))
        #expect(harness.seen[id]?.closedWith == nil)
        try harness.advance(.milliseconds(1_001))
        #expect(harness.seen[id]?.closedWith == .cancel)
    }

    @Test("a reset by the caller cancels the handler and ends its reading and writing")
    func reset() throws {
        let outcome = Mutex<[StatusCode]>([])
        var service = StreamService()
        service.converse = { requests, replies, _ in
            do {
                for try await request in requests { try await replies.write(request) }
            } catch {
                outcome.withLock { $0 += [error as? RPCError].compactMap { $0?.code } }
                #expect(Task.isCancelled)
            }
            do {
                try await replies.write(EchoMessage())
            } catch {
                outcome.withLock { $0 += [error as? RPCError].compactMap { $0?.code } }
            }
        }
        let harness = try StreamHarness(service)
        let stream = try harness.open(StreamService.converse)
        harness.client.append(StreamHarness.message(1), to: stream)
        try harness.exchange()
        harness.client.reset(stream, code: .cancel)
        try harness.exchange()
        #expect(outcome.withLock { $0 } == [.cancelled, .cancelled])
    }

    @Test("a reset stream's slot is free only when its handler has ended")
    func slots() throws {
        let gate = Gate()
        var service = StreamService()
        service.collect = { _, _ in
            await gate.wait()
            return EchoMessage()
        }
        var profile = HTTP2Profile.mesh
        profile.maximumConcurrentStreams = 2
        let harness = try StreamHarness(service, profile: profile)
        for _ in 0..<2 {
            let stream = try harness.open(StreamService.collect)
            try harness.exchange()
            harness.client.reset(stream, code: .cancel)
            try harness.exchange()
        }
        let refused = try harness.open(StreamService.collect).id
        try harness.exchange()
        #expect(harness.seen[refused]?.closedWith == .refusedStream)
        gate.open()
        try harness.exchange()
        let accepted = try harness.open(StreamService.collect).id
        try harness.exchange()
        #expect(harness.seen[accepted]?.status == "0")
    }

    @Test("a drain lets streams go on; then they get UNAVAILABLE behind what was written")
    func drain() throws {
        let harness = try StreamHarness(StreamService())
        let stream = try harness.open(StreamService.converse)
        let id = stream.id
        harness.client.append(StreamHarness.message(1), to: stream)
        try harness.exchange()
        harness.connection.beginDrain()
        try harness.exchange()
        #expect(harness.goAways == 2)
        harness.client.append(StreamHarness.message(2), to: stream)
        try harness.exchange()
        #expect(harness.seen[id]?.messages == 2)
        harness.connection.endStreams()
        try harness.exchange()
        #expect(harness.seen[id]?.trailers["grpc-status"] == "14")
        harness.client.finish(stream)
        try harness.exchange()
        #expect(!harness.channel.isActive)
    }
}
