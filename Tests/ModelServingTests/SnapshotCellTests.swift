import Dispatch
import Synchronization
import Testing

@testable import ModelCore

@Suite("The cell of snapshots")
struct SnapshotCellTests {
    /// Says when it is freed, and in which queue.
    private final class Picture: Sendable {
        let number: Int
        private let freed: @Sendable (Int) -> Void

        init(_ number: Int, freed: @escaping @Sendable (Int) -> Void = { _ in }) {
            self.number = number
            self.freed = freed
        }

        deinit { freed(number) }
    }

    @Test("a thread sees the newest picture, and what began with an older one keeps it")
    func newest() {
        let cell = SnapshotCell(Picture(0))
        let began = cell.current
        for number in 1...100 {
            cell.publish(Picture(number))
            #expect(cell.current.number == number)
            #expect(cell.latest.number == number)
        }
        #expect(began.number == 0)
    }

    @Test("a replaced picture is freed by the cell when the last call that has it ends")
    func freeing() async {
        let (freed, continuation) = AsyncStream.makeStream(of: Int.self)
        let cell = SnapshotCell(Picture(0) { continuation.yield($0) })
        var call: Picture? = cell.latest
        cell.publish(Picture(1) { continuation.yield($0) })
        cell.publish(Picture(2) { continuation.yield($0) })
        var order = freed.makeAsyncIterator()
        // The first is in use, so the second goes before it.
        #expect(await order.next() == 1)
        #expect(call?.number == 0)
        call = nil
        #expect(await order.next() == 0)
        #expect(cell.latest.number == 2)
    }

    @Test("whoever reaches the loops is asked the same way however often")
    func reached() {
        let cell = SnapshotCell(Picture(0))
        let asked = Atomic(0)
        cell.reach { look in
            asked.add(1, ordering: .relaxed)
            look()
        }
        // A closure that is wrapped once more at each look would end this with the stack.
        for number in 1...100_000 { cell.publish(Picture(number)) }
        #expect(asked.load(ordering: .relaxed) == 100_000)
        #expect(cell.current.number == 100_000)
    }

    @Test("threads that read while pictures are published see none twice and none that was freed")
    func concurrently() {
        let alive = Mutex(Set<Int>([0]))
        let cell = SnapshotCell(Picture(0) { number in _ = alive.withLock { $0.remove(number) } })
        let wrong = Atomic(0)
        let isDone = Atomic(false)
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            if worker == 0 {
                for number in 1...5_000 {
                    alive.withLock { _ = $0.insert(number) }
                    cell.publish(
                        Picture(number) { number in _ = alive.withLock { $0.remove(number) } })
                }
                isDone.store(true, ordering: .releasing)
                return
            }
            var last = 0
            while !isDone.load(ordering: .acquiring) {
                let picture = cell.current
                let isAlive = alive.withLock { $0.contains(picture.number) }
                if picture.number < last || !isAlive { wrong.add(1, ordering: .relaxed) }
                last = picture.number
                withExtendedLifetime(picture) {}
            }
        }
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(cell.current.number == 5_000)
    }

    @Test("a loop without calls lets go of an old picture when it is reached")
    func idle() async {
        let (freed, continuation) = AsyncStream.makeStream(of: Int.self)
        let cell = SnapshotCell(Picture(0) { continuation.yield($0) })
        let loop = DispatchQueue(label: "loop")
        cell.reach { work in loop.async { work() } }
        loop.sync { _ = cell.current }
        cell.publish(Picture(1))
        var order = freed.makeAsyncIterator()
        #expect(await order.next() == 0)
    }
}
