package iomodels.http;

import java.util.ArrayList;
import java.util.List;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpVersion;

/** What the server needs to know of the head of a request. */
final class RequestHead {

  private final String method;
  private final String target;
  private final HttpVersion version;
  private boolean close;
  private String expectation = "";
  private long length = -1;
  private final List<String> codings = new ArrayList<>();

  RequestHead(String method, String target, HttpVersion version) {
    this.method = method;
    this.target = target;
    this.version = version;
  }

  /** Takes a field; Jetty's parser has checked those that concern the framing. */
  void add(HttpField field) {
    HttpHeader header = field.getHeader();
    if (header == null) {
      return;
    }
    switch (header) {
      case CONNECTION -> close |= field.contains("close");
      case EXPECT -> expectation = field.getValue();
      case CONTENT_LENGTH -> length = field.getLongValue();
      case TRANSFER_ENCODING -> codings.add(field.getValue());
      default -> {}
    }
  }

  String method() {
    return method;
  }

  String target() {
    return target;
  }

  boolean isHead() {
    return method.equals("HEAD");
  }

  /** Returns whether the client may not know chunks, and interim responses. */
  boolean isOld() {
    return version.getVersion() < HttpVersion.HTTP_1_1.getVersion();
  }

  /** Returns whether it is of another major version. */
  boolean isNewer() {
    return version.getVersion() > HttpVersion.HTTP_1_1.getVersion();
  }

  /** Returns whether the client keeps the connection open after the response. */
  boolean isPersistent() {
    return !isOld() && !close;
  }

  /** Returns the length of the content; -1 if it is not known, or there is none. */
  long length() {
    return length;
  }

  List<String> codings() {
    return codings;
  }

  boolean isChunked() {
    return !codings.isEmpty();
  }

  boolean hasContent() {
    return isChunked() || length > 0;
  }

  /** Returns whether the client waits for a response before it sends the content. */
  boolean expectsContinue() {
    return !isOld() && expectation.equalsIgnoreCase("100-continue");
  }

  boolean hasUnknownExpectation() {
    return !isOld() && !expectation.isEmpty() && !expectsContinue();
  }
}
