import Foundation
import ModelCore
import Observability
import ServiceRuntime

/// What aliases ask for, by a folder of files, as long as the process runs.
struct RunningPolicies {
    /// How often the folder is read.
    private static let interval = Duration.seconds(10)

    private let follower: PolicyFolderFollower
    private let environment: ServiceEnvironment

    init(_ registry: ModelRegistry, folder: String, _ environment: ServiceEnvironment) {
        let follower = PolicyFolderFollower(registry, folder: URL(filePath: folder))
        self.follower = follower
        self.environment = environment
        environment.metrics.collect { text in
            text.header(
                "assay_models_alias_policy_problems",
                help: "Problems of the folder of alias policies; while there is one, no file of it "
                    + "is applied.", kind: .gauge)
            text.sample(
                "assay_models_alias_policy_problems", labels: [], Double(follower.problemCount))
        }
    }

    /// Brings the files into force that changed.
    func look() async {
        for event in await follower.look() {
            switch event {
            case .applied(let file, let model):
                environment.logger.notice(
                    "a file of alias policies is in force",
                    metadata: ["file": "\(file)", "model": "\(model)"])
            case .refused(let file, let problem):
                environment.logger.error(
                    "a file of alias policies has a problem; nothing was changed",
                    metadata: ["file": "\(file)", "problem": "\(problem)"])
            }
        }
    }

    /// Looks now and then, until the task is cancelled.
    func follow() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.interval)
            await look()
        }
    }
}
