/// One definition file as written: parsed, not yet checked.
public struct DefinitionFile: Sendable {
    public var package: Located<String>
    /// What its features inherit.
    public var documentation: Documentation
    /// One file of a set says it; the others may.
    public var baseCurrency: Located<String>?
    public var parameters: [ParameterDeclaration] = []
    public var lists: [ListDeclaration] = []
    public var enumerations: [EnumerationDeclaration] = []
    public var rates: [RateDeclaration] = []
    public var entities: [EntityDeclaration] = []
    public var events: [EventDeclaration] = []
    public var snapshots: [SnapshotDeclaration] = []
    public var aggregates: [AggregateDeclaration] = []
    public var attributes: [AttributeDeclaration] = []
    public var tables: [TableDeclaration] = []
    public var registers: [RegisterDeclaration] = []
    public var recents: [RecentDeclaration] = []
    public var derived: [DerivedDeclaration] = []
    public var vectors: [VectorDeclaration] = []
    public var grants: [GrantDeclaration] = []

    public init(
        package: Located<String>, documentation: Documentation, baseCurrency: Located<String>?
    ) {
        self.package = package
        self.documentation = documentation
        self.baseCurrency = baseCurrency
    }
}
