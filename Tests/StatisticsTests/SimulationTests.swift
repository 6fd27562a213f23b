import ExperimentSimulation
import Testing

/// A small sample of `make simulate-experiments`.
@Suite("Simulated experiments")
struct SimulationTests {
    @Test("300 experiments without an effect: sequences stay within their level, peeking does not")
    func withoutEffect() {
        var simulation = NullSimulation(.share(0.06))
        simulation.runs = 300
        simulation.unitsPerLook = 100
        simulation.minimumUnits = 500
        let found = simulation.run()
        #expect(found.sequence <= 15)
        #expect(found.guardrail <= 3)
        #expect(found.mixture <= 15)
        #expect(found.peeking > 60)
    }

    @Test("20 whole analyses without an effect conclude nothing")
    func analyses() throws {
        var simulation = AnalysisSimulation()
        simulation.runs = 20
        simulation.looks = 10
        simulation.unitsPerLook = 50
        simulation.minimumUnits = 300
        let found = try simulation.run()
        #expect(found.decided <= 1)
        #expect(found.harm == 0)
        #expect(found.sampleRatioMismatch == 0)
        #expect((5.0...6.5).contains(found.errorReduction))
    }

    @Test("the size that the formula asks for has the power it promises")
    func power() {
        var simulation = PowerSimulation(control: 0.3, treatment: 0.4, power: 0.8)
        simulation.runs = 1_000
        #expect(simulation.unitsPerArm == 354)
        #expect((760...840).contains(simulation.run()))
    }

    @Test("lost exposures raise the sample ratio alarm, complete ones do not")
    func sampleRatio() {
        var complete = SampleRatioSimulation(lost: 0)
        complete.runs = 100
        complete.unitsPerLook = 500
        #expect(complete.run().sequential == 0)
        var lossy = SampleRatioSimulation(lost: 0.2)
        lossy.runs = 20
        lossy.unitsPerLook = 1_000
        #expect(lossy.run().sequential == 20)
    }

    @Test("a seed gives the same experiments again")
    func repeatable() {
        var simulation = NullSimulation(.lossRatio)
        simulation.runs = 5
        simulation.unitsPerLook = 50
        simulation.minimumUnits = 100
        #expect("\(simulation.run())" == "\(simulation.run())")
    }
}
