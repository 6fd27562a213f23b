import ArgumentParser
import Foundation

/// What `make run` does: `up`, then the main job.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Starts everything, decides on real applicants and on a stream of payments.")

    @OptionGroup var place: WorkspaceOptions
    @OptionGroup var ports: PortOptions
    @OptionGroup var replay: ReplayOptions

    @Flag(help: "End when the job is done: exit code 0 if all went well.")
    var once = false

    func run() async throws {
        let line = LiveLine()
        let (workspace, replay, once) = (place.workspace, replay, once)
        try await Foreground.run(workspace, ports.ports, line) { _ in
            try await MainJob(workspace: workspace, options: replay, line: line).run()
            if once { return .end }
            line.say("\nAll four processes stay up. Ctrl-C ends them.")
            return .stayUp
        }
    }
}

/// The main job against processes that run already.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Decides on real applicants and on a stream of payments, through the gateway.")

    @OptionGroup var place: WorkspaceOptions
    @OptionGroup var replay: ReplayOptions

    func run() async throws {
        try await MainJob(workspace: place.workspace, options: replay, line: LiveLine()).run()
    }
}

/// How much to replay.
struct ReplayOptions: ParsableArguments {
    @Option(help: "Simulated payments.")
    var payments = 20_000

    @Option(help: "Requests in flight at once.")
    var concurrency = 16

    @Option(help: "Names the simulated world; by default a new one for each run on a data folder.")
    var seed: UInt64?

    @Option(help: "Seconds that one payment is tried before the replay gives up.")
    var patience = 60

    @Flag(help: "Do not register the example model for payments: rules decide alone.")
    var rulesOnly = false

    func validate() throws {
        guard (1...10_000_000).contains(payments), (1...1000).contains(concurrency),
            (1...3600).contains(patience)
        else {
            throw ValidationError(
                "payments is 1 to 10000000, concurrency 1 to 1000, patience 1 to 3600")
        }
    }
}
