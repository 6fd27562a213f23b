import ArgumentParser
import Foundation

/// Starts the four processes and keeps them up until Ctrl-C.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Starts the gateway and the three services on this machine, with TLS.",
        discussion: """
            Certificates of a development authority, API keys, configuration, logs and data are
            in the data folder. A service that dies is started again. Ctrl-C ends all.
            """)

    @OptionGroup var place: WorkspaceOptions
    @OptionGroup var ports: PortOptions
    @Option(
        help:
            "Folder of experiment files: in force as soon as they are right, and when they change.")
    var experiments: String?

    /// What assay-models is started with besides.
    private func modelArguments() throws -> [String] {
        guard let experiments else { return [] }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: experiments, isDirectory: &isFolder),
            isFolder.boolValue
        else { throw Complaint("\(experiments): there is no such folder of experiments") }
        return ["--experiments", URL(filePath: experiments).standardizedFileURL.path]
    }

    func run() async throws {
        let line = LiveLine()
        let arguments = [ServiceName.models: try modelArguments()]
        try await Foreground.run(place.workspace, ports.ports, line, arguments) { _ in
            line.say(
                "API keys: \(place.workspace.apiKeyFile(.demo)) (all scopes, no limit that matters)"
            )
            line.say(
                "          \(place.workspace.apiKeyFile(.standard)) (plan default: 100 requests a minute)"
            )
            line.say("Ctrl-C ends all four.")
            return .stayUp
        }
    }
}

/// Runs the four processes around a job, until the job or a signal ends it.
enum Foreground {
    /// What follows the job.
    enum Next: Sendable {
        case stayUp
        case end
    }

    static func run(
        _ workspace: Workspace, _ ports: ServicePorts, _ line: LiveLine,
        _ serviceArguments: [ServiceName: [String]] = [:],
        _ job: @escaping @Sendable (Supervisor) async throws -> Next
    ) async throws {
        let signals = TerminationRequests.stream()
        let supervisor = Supervisor(
            workspace, ports: ports, serviceArguments: serviceArguments
        ) { line.say($0) }
        let work = Task {
            try await supervisor.start()
            if try await job(supervisor) == .end { return }
            // Nothing more to do but to be there.
            while !Task.isCancelled { try await Task.sleep(for: .seconds(3600)) }
        }
        let listener = Task {
            for await _ in signals {
                work.cancel()
                return
            }
        }
        let result = await work.result
        listener.cancel()
        line.finish()
        await supervisor.stop()
        switch result {
        case .success: return
        case .failure(is CancellationError): line.say("all ended")
        case .failure(let error): throw error
        }
    }
}
