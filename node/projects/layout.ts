// Where projects and what belongs to them lie in a node's home (reference, section 3).
import path from 'node:path';

export interface SpecPlaces {
  readonly project: string;
  readonly blobs: string;
  readonly spec: string;
  readonly scripts: string;
  readonly logs: string;
  readonly markers: string;
}

export const specPlaces = (home: string, project: string, spec: string): SpecPlaces => {
  const root = path.join(home, 'cluster-init');
  return {
    project: path.join(root, project),
    blobs: path.join(root, project, 'blobs'),
    spec: path.join(root, project, spec),
    scripts: path.join(root, project, spec, 'scripts'),
    logs: path.join(home, 'logs', 'cluster-init', project, spec, 'scripts'),
    markers: path.join(root, '.run', project, spec, 'scripts'),
  };
};

export const markerFile = (places: SpecPlaces, script: string): string => path.join(places.markers, `${script}.run`);
