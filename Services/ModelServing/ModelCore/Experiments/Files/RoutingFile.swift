internal import Yams

/// A file of the folder of experiments: its first key says what it is.
public enum RoutingFile: Sendable {
    case experiment(ExperimentFile)
    case holdout(HoldoutFile)
    case shadow(ShadowFile)

    public init(yaml text: String, name: String) throws(FileProblems) {
        var ignored: [FileProblem] = []
        let keys = FileText.parse(text, file: name, &ignored)?.node.mapping
        let isExperiment = keys?["experiment"] != nil
        if !isExperiment, keys?["holdout"] != nil {
            self = .holdout(try HoldoutFile(yaml: text, name: name))
        } else if !isExperiment, keys?["shadow"] != nil {
            self = .shadow(try ShadowFile(yaml: text, name: name))
        } else {
            self = .experiment(try ExperimentFile(yaml: text, name: name))
        }
    }
}
