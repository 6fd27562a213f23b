public import ArgumentParser
public import FeatureEngine

extension Purpose: ExpressibleByArgument {}
