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
    @OptionGroup var recorded: RecordedOptions

    @Flag(help: "End when the job is done: exit code 0 if all went well.")
    var once = false

    func run() async throws {
        let line = LiveLine()
        let (workspace, replay, once, events) = (place.workspace, replay, once, recorded.events)
        try await Foreground.run(workspace, ports.ports, line) { _ in
            let job = MainJob(workspace: workspace, options: replay, events: events, line: line)
            try await job.run()
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
    @OptionGroup var recorded: RecordedOptions

    func run() async throws {
        try await MainJob(
            workspace: place.workspace, options: replay, events: recorded.events, line: LiveLine()
        ).run()
    }
}

/// Payments of a file in place of simulated ones.
struct RecordedOptions: ParsableArguments {
    @Option(help: "CSV file of payments to replay in place of simulated ones.")
    var events: String?
}

/// How much to replay.
struct ReplayOptions: ParsableArguments {
    @Option(help: "How many payments: of simulated ones 20000, of a file all, unless said here.")
    var payments: Int?

    @Option(help: "Requests in flight at once.")
    var concurrency = 16

    @Option(help: "Names the simulated world; by default a new one for each run on a data folder.")
    var seed: UInt64?

    @Option(help: "Seconds that one payment is tried before the replay gives up.")
    var patience = 60

    @Flag(help: "Do not register the example model for payments: rules decide alone.")
    var rulesOnly = false

    func validate() throws {
        guard (1...10_000_000).contains(payments ?? 1), (1...1000).contains(concurrency),
            (1...3600).contains(patience)
        else {
            throw ValidationError(
                "payments is 1 to 10000000, concurrency 1 to 1000, patience 1 to 3600")
        }
    }
}
