package import AssayMessages

/// What looks at experiments need of those who run them.
package protocol ExperimentControl: Sendable {
    /// The experiments that are to be looked at: those that draw units, also at a halt.
    func running() async throws -> [AssayModelsV1.ExperimentSpecification]

    /// An experiment as it was applied last within an epoch; 0: the present epoch.
    ///
    /// - Throws: NOT_FOUND, with near names.
    func specification(
        of experiment: String, epoch: UInt32
    ) async throws -> AssayModelsV1.ExperimentSpecification

    /// Carries out what a look found. The same request id again changes nothing.
    func carryOut(_ order: StopOrder) async throws
}

/// What a look wants done about an experiment.
package struct StopOrder: Sendable, Equatable {
    package let experiment: String
    package let epoch: UInt32
    package let action: AssayModelsV1.StopAction
    package let reason: String
    package let requestID: String
}

/// Where units met their arms first.
package protocol ExposureSource: Sendable {
    /// Returns when everything met so far is in what is visited next.
    func settle() async

    func visit(
        _ experiment: String, _ epoch: UInt32, _ body: (AssayModelsV1.Exposure) throws -> Void
    ) throws
}

/// Calls that serving counts by arm, since the experiment's epoch began in this process.
package protocol CallCounts: Sendable {
    /// The experiments whose guardrails are to be counted from now on.
    func watch(_ experiments: [AssayModelsV1.ExperimentSpecification])

    func counted(
        _ experiment: String, _ epoch: UInt32
    ) -> [AssayModelsV1.CountedCalls]
}
