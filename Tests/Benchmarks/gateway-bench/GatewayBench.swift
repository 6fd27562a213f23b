import ArgumentParser

/// What the stages of the gateway cost, without a network: nanoseconds and allocations each.
@main
struct GatewayBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway-bench", abstract: "Measures stages of the gateway's pipeline.")

    @Option(help: "Seconds per stage.") var seconds = 1.0
    @Option(help: "Only stages whose name contains this.") var only: String?
    @Flag(help: "Check a key of a known and one of an unknown id, for a profiler that counts.")
    var work = false

    func run() throws {
        if work {
            try KeyWork.run()
            return
        }
        let stages = try PipelineStages.all() + IdentityStages.all()
        print("stage                                 ns/op   allocations  spread")
        for stage in stages where only.map({ stage.name.contains($0) }) ?? true {
            print(stage.measure(seconds: seconds))
        }
    }
}
