import Synchronization
import Testing

@testable import RPC

/// Counts what it is told.
private final class Driver: StreamDriver {
    let consumed = Atomic(0)
    let announcements = Atomic(0)
    func consumed(_ count: Int) { consumed.wrappingAdd(count, ordering: .relaxed) }
    func hasOutput() { announcements.wrappingAdd(1, ordering: .relaxed) }
}

@Suite("The ends of a stream")
struct MessageEndsTests {
    let framed = StreamDeframerTests.framed(Array(repeating: 3, count: 95))

    private func inbox() -> (MessageInbox, Driver) {
        let inbox = MessageInbox(limit: 1000, contentType: .grpc)
        let driver = Driver()
        inbox.attach(driver)
        return (inbox, driver)
    }

    @Test("an inbox gives back every byte as credit, once")
    func credit() async throws {
        let (inbox, driver) = inbox()
        var credit = 0
        for _ in 0..<100 { credit += framed.withUnsafeBytes(inbox.receive) }
        #expect(credit == 100)
        for _ in 0..<100 { #expect(try await inbox.next()?.framed == framed) }
        inbox.finish()
        #expect(try await inbox.next() == nil)
        let told = driver.consumed.load(ordering: .relaxed)
        #expect(credit + told + inbox.releaseCredit() == 10_000)
        #expect(inbox.releaseCredit() == 0)
    }

    @Test("a failure comes behind the messages that came before it; leaving forgets them")
    func failure() async throws {
        let (failed, _) = inbox()
        _ = framed.withUnsafeBytes(failed.receive)
        failed.fail(RPCError(.unavailable, "gone"))
        #expect(try await failed.next() != nil)
        let error = await #expect(throws: RPCError.self) { try await failed.next() }
        #expect(error?.code == .unavailable)
        let (left, _) = inbox()
        _ = framed.withUnsafeBytes(left.receive)
        left.abandon(RPCError(.cancelled, "left"))
        await #expect(throws: RPCError.self) { try await left.next() }
        #expect(left.buffered == 0)
    }

    @Test("a stream that ends inside a message is an error behind the whole ones")
    func truncated() async throws {
        let (inbox, _) = inbox()
        _ = (framed + framed.dropLast()).withUnsafeBytes(inbox.receive)
        inbox.finish()
        #expect(try await inbox.next() != nil)
        let error = await #expect(throws: RPCError.self) { try await inbox.next() }
        #expect(error?.code == .internal)
    }

    @Test("a reader that waits is woken by its cancellation")
    func cancelledReader() async throws {
        let (inbox, _) = inbox()
        let reader = Task { try await inbox.next() }
        await Task.yield()
        reader.cancel()
        let error = await #expect(throws: RPCError.self) { try await reader.value }
        #expect(error?.code == .cancelled)
        // The stream itself lives on.
        _ = framed.withUnsafeBytes(inbox.receive)
        #expect(try await inbox.next() != nil)
    }

    @Test("writers wait above the limit and go on when it was sent; no message is lost")
    func backPressure() async throws {
        let outbox = MessageOutbox(limit: 1000)
        let driver = Driver()
        outbox.attach(driver)
        let written = Driver()
        let framed = framed
        try await withThrowingTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<100 {
                        try await outbox.write(framed, limit: 100, "message")
                        written.consumed(1)
                    }
                }
            }
            var taken = 0
            while taken < 400 * 100 {
                let output = outbox.take()
                // The limit, and one message of each writer.
                #expect(output.bytes.count <= 1000 + 400)
                taken += output.bytes.count
                outbox.sent(output.bytes.count)
                await Task.yield()
            }
            try await group.waitForAll()
        }
        #expect(written.consumed.load(ordering: .relaxed) == 400)
        #expect(outbox.unsent == 0)
    }

    @Test("a full connection holds back the writers of all its streams, and frees them together")
    func budget() async throws {
        let budget = OutputBudget(limit: 500)
        let outboxes = (0..<3).map { _ in MessageOutbox(limit: 10_000) }
        for outbox in outboxes { outbox.charge(budget) }
        let framed = framed
        let writers = outboxes.map { outbox in
            Task {
                for _ in 0..<4 { try await outbox.write(framed, limit: 100, "message") }
            }
        }
        while budget.unsent <= 500 { await Task.yield() }
        for _ in 0..<100 { await Task.yield() }
        #expect(budget.unsent <= 500 + 300)
        while budget.unsent > 0 || outboxes.contains(where: { $0.unsent > 0 }) {
            for outbox in outboxes { outbox.sent(outbox.take().bytes.count) }
            await Task.yield()
        }
        for writer in writers { try await writer.value }
    }

    @Test("a writer that waits ends with its task, with its stream, and not with another's")
    func endedWriters() async throws {
        let budget = OutputBudget(limit: 0)
        let cancelled = MessageOutbox()
        let failed = MessageOutbox()
        let framed = framed
        let tasks = [cancelled, failed].map { outbox in
            outbox.charge(budget)
            return Task { try await outbox.write(framed, limit: 100, "message") }
        }
        while budget.unsent < 200 { await Task.yield() }
        tasks[0].cancel()
        failed.fail(RPCError(.unavailable, "gone"))
        let codes = await [tasks[0].result, tasks[1].result].map { result -> StatusCode? in
            if case .failure(let error as RPCError) = result { return error.code }
            return nil
        }
        #expect(codes == [.cancelled, .unavailable])
        cancelled.detach()
        failed.detach()
        #expect(budget.unsent == 0)
    }

    @Test("what was taken can be put back, in its order")
    func rewind() async throws {
        let outbox = MessageOutbox()
        try await outbox.write(framed, limit: 100, "message")
        let first = outbox.take()
        var other = framed
        other[99] = 9
        try await outbox.write(other, limit: 100, "message")
        outbox.finish()
        outbox.rewind(first.bytes)
        let all = outbox.take()
        #expect(all.bytes == framed + other)
        #expect(all.isFinished)
        await #expect(throws: RPCError.self) {
            try await outbox.write(framed, limit: 100, "message")
        }
    }
}
