import AssayMessages
import RPC
import Synchronization
import Testing

@Suite("Handlers that cost more than they should")
struct TroubleTests {
    private final class Recorder: CallObserver {
        private let troubles = Mutex<[HandlerTrouble]>([])
        var all: [HandlerTrouble] { troubles.withLock { $0 } }
        func callEnded(_ record: CallRecord) {}
        func noticed(_ trouble: HandlerTrouble) { troubles.withLock { $0.append(trouble) } }
    }

    @Test("are counted each time, and written down the first, second, fourth and eighth time")
    func powers() {
        let recorder = Recorder()
        let telemetry = RPCTelemetry(methods: PolicyTable.all, log: recorder)
        for _ in 0..<9 { telemetry.held("/bench.v1.Echo/Say", for: .milliseconds(12)) }
        telemetry.outlivedCancellation("/bench.v1.Echo/Say")
        telemetry.held("/who.Knows/What", for: .milliseconds(20))
        #expect(recorder.all.map(\.count) == [1, 2, 4, 8, 1, 1])
        #expect(recorder.all.map(\.kind).suffix(2) == [.outlivesItsCall, .holdsItsLoop])
        #expect(recorder.all.last?.method == RPCTelemetry.unknownMethod)
        #expect(recorder.all.first?.duration == .milliseconds(12))
        let held = telemetry.events.all.first {
            $0.key.family == .heldLoops && $0.key.first == "bench.v1.Echo/Say"
        }
        #expect(held?.value == 9)
        #expect(telemetry.outlivingHandlers.values.reduce(0, +) == 1)
    }
}
