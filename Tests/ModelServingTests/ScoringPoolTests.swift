import Dispatch
import RPC
import Testing

@testable import ModelCore

@Suite("The pool")
struct ScoringPoolTests {
    private static func limits(threads: Int, waiting: Int = 1_024) -> ScoringPool.Limits {
        var limits = ScoringPool.Limits(threads: threads)
        limits.waiting = waiting
        return limits
    }

    @Test("work is done, and its error comes back")
    func work() async throws {
        let pool = ScoringPool(Self.limits(threads: 2))
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<500 {
                group.addTask { try await pool.run { () throws(RPCError) in number } }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 124_750)
        await #expect(throws: RPCError.self) {
            try await pool.run { () throws(RPCError) in throw RPCError(.aborted, "no") }
        }
    }

    @Test("a call beyond the queue is refused, never queued without bound")
    func bound() async throws {
        let pool = ScoringPool(Self.limits(threads: 1, waiting: 2))
        let gate = DispatchSemaphore(value: 0)
        let (started, continuation) = AsyncStream.makeStream(of: Void.self)
        async let first: Void = pool.run { () throws(RPCError) in
            continuation.yield()
            gate.wait()
        }
        var starts = started.makeAsyncIterator()
        await starts.next()
        async let second: Void = pool.run { () throws(RPCError) in }
        async let third: Void = pool.run { () throws(RPCError) in }
        while pool.waitingCount < 2 { await Task.yield() }
        let refused = await refusal { try await pool.run { () throws(RPCError) in } }
        #expect(refused.code == .resourceExhausted && refused.reason == "OVERLOADED")
        gate.signal()
        _ = try await (first, second, third)
    }
}

private func refusal<Result>(_ body: () async throws -> Result) async -> RPCError {
    do {
        _ = try await body()
        return RPCError(.ok, "it succeeded")
    } catch {
        return error as? RPCError ?? RPCError(.unknown, "\(error)")
    }
}
