/**
 * The rules, a class for each section of the contract. Begin with {@link
 * iomodels.conformance.rules.Rules}.
 */
@NullMarked
package iomodels.conformance.rules;

import org.jspecify.annotations.NullMarked;
