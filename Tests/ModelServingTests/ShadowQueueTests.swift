import Dispatch
import Synchronization
import Testing

@testable import ModelCore

@Suite("The queue of a shadow")
struct ShadowQueueTests {
    private final class Row: Sendable {
        let producer: Int
        let number: Int

        init(_ number: Int, of producer: Int = 0) {
            self.producer = producer
            self.number = number
        }
    }

    private func drained(_ queue: ShadowQueue<Row>) -> [Int] {
        var numbers: [Int] = []
        while let row = queue.pop() { numbers.append(row.number) }
        return numbers
    }

    @Test("rows come out as they went in, lap after lap")
    func order() {
        let queue = ShadowQueue<Row>(capacity: 3)
        for lap in 0..<5 {
            for number in 0..<3 { #expect(queue.push(Row(3 * lap + number)).dropped == 0) }
            #expect(queue.count == 3)
            #expect(drained(queue) == [3 * lap, 3 * lap + 1, 3 * lap + 2])
        }
        #expect(queue.pop() == nil && queue.count == 0)
    }

    @Test("a full queue gives up its oldest row for a new one")
    func full() {
        let queue = ShadowQueue<Row>(capacity: 4)
        let dropped = (0..<11).map { queue.push(Row($0)).dropped }
        #expect(dropped == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1])
        #expect(drained(queue) == [7, 8, 9, 10])
    }

    @Test("what waits in a queue is freed with it")
    func freeing() {
        weak var row: Row?
        do {
            let queue = ShadowQueue<Row>(capacity: 2)
            let made = Row(1)
            row = made
            _ = queue.push(made)
        }
        #expect(row == nil)
    }

    @Test("threads that push at once lose nothing uncounted, and each one's rows keep their order")
    func threads() {
        let (producers, rows) = (4, 20_000)
        let queue = ShadowQueue<Row>(capacity: 64)
        let dropped = Atomic<Int>(0)
        let running = Atomic<Int>(producers)
        let popped = Mutex<[[Int]]>([[Int]](repeating: [], count: producers))
        DispatchQueue.concurrentPerform(iterations: producers + 1) { thread in
            if thread < producers {
                for number in 0..<rows {
                    let outcome = queue.push(Row(number, of: thread))
                    dropped.wrappingAdd(outcome.dropped, ordering: .relaxed)
                }
                running.wrappingSubtract(1, ordering: .releasing)
                return
            }
            var isLast = false
            while true {
                while let row = queue.pop() {
                    popped.withLock { $0[row.producer].append(row.number) }
                }
                if isLast { return }
                isLast = running.load(ordering: .acquiring) == 0
            }
        }
        let found = popped.withLock { $0 }
        #expect(found.reduce(0) { $0 + $1.count } + dropped.load(ordering: .relaxed) == 80_000)
        for numbers in found { #expect(zip(numbers, numbers.dropFirst()).allSatisfy(<)) }
    }
}

@Suite("The pace of a shadow")
struct ShadowPaceTests {
    /// Milliseconds of scoring a second, if every row takes as long as stated.
    private func worked(rows nanoseconds: UInt64, share: Double, threads: Int) -> Double {
        var pace = ShadowPace(threads: threads)
        var (now, worked): (UInt64, UInt64) = (1_000_000_000, 0)
        let end = now + 10_000_000_000
        while now < end {
            now += nanoseconds
            worked += nanoseconds
            now += pace.rest(after: nanoseconds, now: now, share: share)
        }
        return Double(worked) / 10_000_000
    }

    @Test("scoring takes its share of the threads' time, however long a row takes")
    func share() {
        for row in [2_000, 150_000, 40_000_000] as [UInt64] {
            #expect(abs(worked(rows: row, share: 0.25, threads: 1) - 250) < 5)
            #expect(abs(worked(rows: row, share: 0.05, threads: 8) - 400) < 8)
        }
        // One thread cannot do more than score all the time.
        #expect(worked(rows: 150_000, share: 0.25, threads: 16) > 990)
    }

    @Test("a row that took for ever is rested from for a minute at most")
    func longest() {
        var pace = ShadowPace(threads: 1)
        let hour: UInt64 = 3_600_000_000_000
        let rest = pace.rest(after: hour, now: 2 * hour, share: 0.0001)
        let longest = ShadowPace.longestRest
        #expect((longest - ShadowPace.savedNanoseconds...longest).contains(rest))
    }
}
