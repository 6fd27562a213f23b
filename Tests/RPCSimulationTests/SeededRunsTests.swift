import RPCSimulator
import Testing

@Suite("Simulations of client, servers and network")
struct SeededRunsTests {
    @Test("200 seeds: every call ends once, every window is balanced")
    func seeds() {
        for seed in UInt64(1)...200 {
            let report = Simulation(seed: seed, .random(seed: seed)).run()
            #expect(report.isGood, "\(report.failure)")
        }
    }

    @Test(
        "the same seed gives the same bytes at the same times", arguments: [3, 7, 11] as [UInt64])
    func determinism(seed: UInt64) {
        let runs = (0..<2).map { _ in Simulation(seed: seed, .random(seed: seed)).run() }
        #expect(runs[0].transcript == runs[1].transcript)
        #expect(runs[0].steps == runs[1].steps)
    }
}
