import AssayMessages
import Synchronization
import Testing

@testable import FeatureCore

@Suite struct ReceiptWindowTests {
    func receipt(_ index: Int) -> UnderwayReceipt {
        .refused(AssayFeaturesV1.Receipt(eventID: "\(index)"))
    }

    @Test("the reader waits for room, and goes on when a receipt was sent")
    func room() async {
        let window = ReceiptWindow(limit: 3)
        let read = Counter()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for index in 0..<10 {
                    await window.waitForRoom()
                    read.add()
                    window.put(receipt(index))
                }
                window.finish()
            }
            var sent = 0
            while let receipt = await window.take() {
                #expect(read.value <= sent + 3)
                #expect(await receipt.value().eventID == "\(sent)")
                sent += 1
                window.taken()
            }
            #expect(sent == 10)
        }
    }

    @Test("closing ends whoever waits on either side")
    func close() async {
        let window = ReceiptWindow(limit: 1)
        window.put(receipt(0))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await window.waitForRoom() }
            window.close()
            let none = await window.take()
            #expect(none.map { _ in 1 } == nil)
        }
    }
}

private final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add() { count.add(1, ordering: .relaxed) }
}
