public import FeatureEngine
internal import Foundation

/// A folder of definition files: together they are one definition set.
public enum DefinitionFolder {
    /// Reads every `.yaml` file of the folder and the lists they name, and compiles them.
    public static func load(_ path: String) throws -> DefinitionSet {
        try DefinitionSources(folder: path).compile()
    }
}
