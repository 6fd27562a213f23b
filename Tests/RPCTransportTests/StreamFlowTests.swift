import AssayMessages
import HTTP2
import NIOCore
import NIOEmbedded
import RPC
import Synchronization
import Testing
import Wire

@testable import RPCTransport

@Suite("Streams on a server, frame by frame")
struct StreamFlowTests {
    @Test("each byte in a DATA frame of its own gives the same replies")
    func byteByByte() throws {
        let harness = try StreamHarness(StreamService())
        let stream = try harness.open(StreamService.converse)
        let id = stream.id
        for byte in StreamHarness.message(3) + StreamHarness.message(0) + StreamHarness.message(40)
        {
            harness.client.append([byte], to: stream)
            try harness.exchange()
        }
        harness.client.finish(stream)
        try harness.exchange()
        let seen = try #require(harness.seen[id])
        #expect(
            seen.body
                == StreamHarness.message(3) + StreamHarness.message(0) + StreamHarness.message(40))
        #expect(seen.status == "0")
        #expect(seen.headers["content-type"] == "application/grpc")
        #expect(seen.closedWith == .noError)
    }

    @Test("many small messages share frames, and thousands come back in order")
    func thousands() throws {
        let harness = try StreamHarness(StreamService())
        let stream = try harness.open(StreamService.converse)
        let id = stream.id
        var sent: [UInt8] = []
        for index in 0..<5_000 { sent += StreamHarness.message(index % 97) }
        harness.client.append(sent, to: stream)
        harness.client.finish(stream)
        try harness.exchange()
        #expect(harness.seen[id]?.body == sent)
        #expect(harness.seen[id]?.status == "0")
    }

    @Test("a handler that does not read holds its caller back at the window; nothing is lost")
    func slowReader() throws {
        let gate = Gate()
        var service = StreamService()
        service.collect = { requests, _ in
            var iterator = requests.makeAsyncIterator()
            var count = try await iterator.next() == nil ? 0 : 1
            await gate.wait()
            while try await iterator.next() != nil { count += 1 }
            return EchoMessage(payload: [UInt8(count / 100)])
        }
        let harness = try StreamHarness(service)
        let stream = try harness.open(StreamService.collect)
        let id = stream.id
        let message = StreamHarness.message(1_000)
        harness.client.append(Array(repeating: message, count: 3_000).flatMap { $0 }, to: stream)
        harness.client.finish(stream)
        try harness.exchange()
        let window = Int(HTTP2Profile.mesh.streamWindow)
        let inbox = try #require(harness.call?.port?.inbox)
        // One message was taken, one may wait, and the window is full behind them.
        #expect(inbox.buffered <= window + message.count)
        #expect(inbox.buffered >= window - message.count)
        #expect(stream.unsent == 3_000 * message.count - inbox.buffered - message.count)
        gate.open()
        try harness.exchange()
        #expect(harness.seen[id]?.status == "0")
        #expect(harness.seen[id]?.body.last == 30)
    }

    @Test("a message larger than the window arrives if the handler waits for it")
    func largerThanWindow() throws {
        var profile = HTTP2Profile.mesh
        profile.streamWindow = 65_535
        let harness = try StreamHarness(StreamService(), profile: profile)
        let stream = try harness.open(StreamService.collect)
        let id = stream.id
        harness.client.append(StreamHarness.message(99_000), to: stream)
        harness.client.finish(stream)
        try harness.exchange()
        #expect(harness.seen[id]?.status == "0")
    }

    @Test("a caller that reads nothing holds the handler back; after 30 s the stream is reset")
    func neverOpensItsWindow() throws {
        let written = Counter()
        let cancelled = Gate()
        var service = StreamService()
        service.watch = { request, replies, _ in
            defer { cancelled.open() }
            while true {
                try await replies.write(EchoMessage(payload: Array(repeating: 1, count: 1_000)))
                written.add()
            }
        }
        let harness = try StreamHarness(service)
        harness.consumes = false
        let stream = try harness.open(StreamService.watch)
        let id = stream.id
        harness.client.append(StreamHarness.message(1), to: stream)
        harness.client.finish(stream)
        try harness.exchange()
        let call = try #require(harness.call)
        let outbox = try #require(call.port?.outbox)
        #expect(outbox.unsent > 256 << 10)
        #expect(outbox.unsent <= 256 << 10 + 1_010)
        #expect(call.stream?.unsent == outbox.unsent)
        #expect(harness.connection.budget.unsent == outbox.unsent)
        // The window of the client: what was sent. Nothing moves without it.
        let before = written.value
        try harness.advance(.seconds(29))
        #expect(written.value == before)
        #expect(!cancelled.isOpen)
        try harness.advance(.seconds(12))
        #expect(cancelled.isOpen)
        #expect(harness.seen[id]?.closedWith == .cancel)
        #expect(harness.connection.budget.unsent == 0)
        #expect(harness.channel.isActive)
    }

    @Test("a window that opens now and then is no stall")
    func slowWindow() throws {
        var service = StreamService()
        service.watch = { _, replies, _ in
            while true {
                try await replies.write(EchoMessage(payload: Array(repeating: 1, count: 1_000)))
            }
        }
        let harness = try StreamHarness(service)
        harness.consumes = false
        let stream = try harness.open(StreamService.watch)
        harness.client.append(StreamHarness.message(1), to: stream)
        harness.client.finish(stream)
        try harness.exchange()
        for _ in 0..<10 {
            harness.client.consume(200_000, on: stream)
            try harness.exchange()
            try harness.advance(.seconds(20))
        }
        #expect(harness.seen[stream.id]?.closedWith == nil)
    }

    @Test("a socket that takes nothing for 30 s is closed, and its handlers are cancelled")
    func stuckSocket() throws {
        let cancelled = Gate()
        var service = StreamService()
        service.watch = { _, replies, _ in
            defer { cancelled.open() }
            while true { try await replies.write(EchoMessage(payload: [1, 2, 3])) }
        }
        let harness = try StreamHarness(service)
        harness.channel.isWritable = false
        harness.channel.pipeline.fireChannelWritabilityChanged()
        let stream = try harness.open(StreamService.watch)
        harness.client.append(StreamHarness.message(1), to: stream)
        harness.client.finish(stream)
        try harness.exchange()
        weak let call = harness.call
        #expect(call?.port?.outbox?.unsent ?? 0 > 256 << 10)
        try harness.advance(.seconds(29))
        #expect(harness.channel.isActive)
        try harness.advance(.seconds(21))
        #expect(!harness.channel.isActive)
        #expect(cancelled.isOpen)
        #expect(call == nil)
    }

    @Test("all streams of a connection together have at most 1 MiB unsent")
    func connectionBudget() throws {
        var service = StreamService()
        service.watch = { _, replies, _ in
            while true {
                try await replies.write(EchoMessage(payload: Array(repeating: 1, count: 10_000)))
            }
        }
        let harness = try StreamHarness(service)
        harness.consumes = false
        for _ in 0..<12 {
            let stream = try harness.open(StreamService.watch)
            harness.client.append(StreamHarness.message(1), to: stream)
            harness.client.finish(stream)
            try harness.exchange()
        }
        #expect(harness.connection.budget.unsent > 1 << 20)
        #expect(harness.connection.budget.unsent <= 1 << 20 + 12 * 10_020)
        #expect(harness.connection.session?.openStreams == 12)
    }

    @Test("the credit of a stream that ended unread goes back to its connection")
    func creditOfEndedStreams() throws {
        var service = StreamService()
        service.collect = { _, _ in
            await untilCancelled()
            return EchoMessage()
        }
        let harness = try StreamHarness(service)
        let window = Int(HTTP2Profile.mesh.streamWindow)
        // Eight times a quarter of the connection's window.
        for _ in 0..<8 {
            let stream = try harness.open(StreamService.collect)
            let id = stream.id
            let messages = Array(repeating: StreamHarness.message(1_000), count: window / 1_008)
            harness.client.append(messages.flatMap { $0 }, to: stream)
            try harness.exchange()
            #expect(stream.unsent == 0)
            harness.client.reset(stream, code: .cancel)
            try harness.exchange()
            #expect(harness.seen[id]?.closedWith == .cancel)
        }
    }
}

/// Counts on any thread.
final class Counter: Sendable {
    private let count = Atomic(0)
    func add() { count.wrappingAdd(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}
